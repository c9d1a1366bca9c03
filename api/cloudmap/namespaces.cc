#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "api/cloudmap/call.h"
#include "api/cloudmap/filters.h"
#include "api/cloudmap/names.h"
#include "api/cloudmap/render.h"

namespace api::cloudmap {
namespace {

using registry::DomainName;
using registry::NamespaceDef;
using registry::ProblemKind;

std::optional<std::int64_t> read_soa_ttl(const Reader& in) {
  const auto properties = in.inside("Properties");
  const auto dns = properties ? properties->inside("DnsProperties") : std::nullopt;
  const auto soa = dns ? dns->inside("SOA") : std::nullopt;
  return soa ? soa->number("TTL", 0, kLongestTtl) : std::nullopt;
}

// A resolver keeps a denial for the SOA's TTL: ours is the namespace's negative_ttl.
void set_soa_ttl(NamespaceDef& def, std::int64_t ttl) {
  def.negative_ttl = std::min<registry::Millis>(std::chrono::seconds(ttl), kLongestOwnTtl);
}

json::object who_has_it(const registry::Namespace& ns, const NamespaceNotes& notes) {
  return {{"NamespaceId", namespace_id(ns.def.name.key())}, {"CreatorRequestId", notes.creator}};
}

bool is_visible(std::string_view name) {  // AWS: [!-~]
  return std::ranges::all_of(name, [](char c) { return c >= '!' && c <= '~'; });
}

Operation operation_on(std::string_view apex, std::string type, std::string token) {
  Operation operation;
  operation.type = std::move(type);
  operation.namespace_id = namespace_id(apex);
  operation.targets["NAMESPACE"] = operation.namespace_id;
  operation.token = std::move(token);
  return operation;
}

// The same request after a restart, which forgot its token: the namespace tells who made it, and what was asked for.
std::optional<Step> made_before(Call& call, const registry::Namespace& ns, NamespaceNotes wanted) {
  const auto notes = notes_of(ns);
  wanted.created = notes.created;
  if (wanted.creator.empty() || notes != wanted) return std::nullopt;
  Operation operation = operation_on(ns.def.name.key(), "CREATE_NAMESPACE", wanted.creator);
  operation.fingerprint = fingerprint_of(call);
  const auto id = call.state.operations.begin(std::move(operation), call.now());
  call.state.operations.succeed(id, call.now());
  return operation_step({id, true});
}

Out<Step> create(Call& call, NamespaceType type) {
  const auto in = call.in();
  NamespaceNotes notes{type,
                       in.need("Name", kMaxName),
                       in.text("Description", kMaxDescription),
                       in.text("CreatorRequestId", kMaxToken),
                       call.now(),
                       read_soa_ttl(in),
                       read_tags(in)};
  if (notes.tags.size() > kMaxResourceTags) {
    return refuse("TooManyTagsException", "a resource has at most 50 tags", {{"ResourceName", notes.name}});
  }
  if (!is_visible(notes.name)) in.fail("Name holds blanks, control characters or what is not ASCII");
  if (call.fault) return std::unexpected(*call.fault);
  if (notes.name.ends_with('.')) notes.name.pop_back();

  auto name = DomainName::parse(type == NamespaceType::http ? http_apex(notes.name) : notes.name);
  if (!name) return invalid("Name is no domain name: " + name.error());
  Operation operation = operation_on(name->key(), "CREATE_NAMESPACE", notes.creator);
  operation.fingerprint = fingerprint_of(call);
  const auto before = call.state.operations.repeated(operation);
  if (!before) return std::unexpected(before.error());
  if (*before) return operation_step({**before, true});
  if (const auto* ns = find_namespace_named(call.app, notes.name)) {
    if (auto again = made_before(call, *ns, notes)) return std::move(*again);
    return refuse("NamespaceAlreadyExists", "there is a namespace " + notes.name, who_has_it(*ns, notes_of(*ns)));
  }
  const auto begun = begin_operation(call, std::move(operation));
  if (!begun) return std::unexpected(begun.error());
  Step step = operation_step(*begun);
  NamespaceDef def;
  def.name = std::move(*name);
  if (notes.soa_ttl) set_soa_ttl(def, *notes.soa_ttl);
  keep(notes, def);
  step.explain = [&app = call.app, name = notes.name](const registry::Problem& problem) -> std::optional<Error> {
    const auto* ns = find_namespace_named(app, name);
    if (problem.kind != ProblemKind::precondition_failed || !ns) return std::nullopt;
    return Error{"NamespaceAlreadyExists", "there is a namespace " + name, 400, who_has_it(*ns, notes_of(*ns))};
  };
  step.command = registry::PutNamespace{std::move(def), {.if_match = {}, .create_only = true}};
  return step;
}

}  // namespace

Out<Step> create_http_namespace(Call& call) { return create(call, NamespaceType::http); }
Out<Step> create_private_namespace(Call& call) { return create(call, NamespaceType::dns_private); }
Out<Step> create_public_namespace(Call& call) { return create(call, NamespaceType::dns_public); }

namespace {

Out<Step> update(Call& call, NamespaceType type) {
  const auto in = call.in();
  const auto id = in.need("Id", kMaxResourceId);
  const auto token = in.text("UpdaterRequestId", kMaxToken);
  const auto change = in.inside("Namespace");
  if (!change) in.fail("Namespace is required");
  const auto description = change ? change->text("Description", kMaxDescription) : std::string();
  const bool http = type == NamespaceType::http;
  if (http && change && !change->has("Description")) in.fail("Description is required");
  const auto ttl = change && !http ? read_soa_ttl(*change) : std::nullopt;
  if (call.fault) return std::unexpected(*call.fault);
  const auto ns = namespace_at(call, id);
  if (!ns) return std::unexpected(ns.error());
  auto notes = notes_of(**ns);
  if (notes.type != type) return invalid(fmt::format("Namespace {} is of type {}", id, to_string(notes.type)));

  const auto begun = begin_operation(call, operation_on((*ns)->def.name.key(), "UPDATE_NAMESPACE", token));
  if (!begun) return std::unexpected(begun.error());
  Step step = operation_step(*begun);
  if (begun->again) return step;
  NamespaceDef def = (*ns)->def;
  if (change->has("Description")) notes.description = description;
  if (ttl) {
    notes.soa_ttl = ttl;
    set_soa_ttl(def, *ttl);
  }
  keep(notes, def);
  step.command = registry::PutNamespace{std::move(def), {.if_match = (*ns)->revision, .create_only = false}};
  return step;
}

}  // namespace

Out<Step> update_http_namespace(Call& call) { return update(call, NamespaceType::http); }
Out<Step> update_private_namespace(Call& call) { return update(call, NamespaceType::dns_private); }
Out<Step> update_public_namespace(Call& call) { return update(call, NamespaceType::dns_public); }

Out<Step> delete_namespace(Call& call) {
  const auto in = call.in();
  const auto id = in.need("Id", kMaxResourceId);
  if (call.fault) return std::unexpected(*call.fault);
  const auto ns = namespace_at(call, id);
  if (!ns) return std::unexpected(ns.error());
  const auto& apex = (*ns)->def.name.key();
  const auto begun = begin_operation(call, operation_on(apex, "DELETE_NAMESPACE", {}));
  if (!begun) return std::unexpected(begun.error());
  Step step = operation_step(*begun);
  step.command = registry::DeleteNamespace{apex, {}};
  return step;
}

Out<Step> get_namespace(Call& call) {
  const auto in = call.in();
  const auto id = in.need("Id", kMaxResourceId);
  if (call.fault) return std::unexpected(*call.fault);
  const auto ns = namespace_at(call, id);
  if (!ns) return std::unexpected(ns.error());
  Step step;
  step.body["Namespace"] = namespace_json(**ns, true);
  return step;
}

Out<Step> list_namespaces(Call& call) {
  using enum Filters::Also;
  static constexpr std::array<Filters::Known, 4> kNames = {
      {{"TYPE", prefix}, {"NAME", prefix}, {"HTTP_NAME", prefix}, {"RESOURCE_OWNER", nothing}}};
  const auto in = call.in();
  const auto page = read_page(in);
  const auto filters = Filters::read(in, kNames);
  if (call.fault) return std::unexpected(*call.fault);
  const auto passes = [&](const registry::Namespace& ns) {
    const auto notes = notes_of(ns);
    return filters.pass("TYPE", to_string(notes.type)) && filters.pass("NAME", notes.name) &&
           filters.pass("HTTP_NAME", notes.name) && filters.pass("RESOURCE_OWNER", "SELF");
  };
  Step step;
  json::array shown;
  std::string_view last;
  const auto& all = call.app.registry().namespaces();
  for (auto at = all.upper_bound(page.after); at != all.end(); ++at) {
    if (!passes(at->second)) continue;
    if (shown.size() == page.limit) {
      put_next(step.body, last);
      break;
    }
    shown.push_back(namespace_json(at->second, false));
    last = at->first;
  }
  step.body["Namespaces"] = std::move(shown);
  return step;
}

}  // namespace api::cloudmap
