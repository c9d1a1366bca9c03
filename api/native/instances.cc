#include "api/allowed.h"
#include "api/native/common.h"
#include "api/native/handlers.h"
#include "api/native/registration.h"
#include "api/native/render.h"
#include "api/write.h"
#include "registry/codec/codec.h"

namespace api::native {

using registry::DomainName;
using registry::InstanceDef;
using registry::ProblemKind;

namespace {

struct Filter {
  std::optional<bool> available;
  std::vector<std::string> tags;
  [[nodiscard]] bool empty() const { return !available && tags.empty(); }
  [[nodiscard]] bool passes(const registry::Instance& instance) const {
    if (available && instance.available != *available) return false;
    const auto& borne = instance.def->tags;
    return std::ranges::all_of(tags, [&](const auto& tag) { return std::ranges::binary_search(borne, tag); });
  }
};

Result<Filter> parse_filter(const Request& request) {
  Filter filter;
  for (const auto& [name, value] : request.query) {
    if (name == "tag") filter.tags.push_back(value);
    if (name != "available") continue;
    if (value != "true" && value != "false") {
      return registry::fail(ProblemKind::bad_request, "\"available\" is true or false");
    }
    filter.available = value == "true";
  }
  return filter;
}

std::uint64_t fingerprint(const registry::Service& service, const Filter& filter, const Page& page) {
  Fingerprint print;
  for (const auto& [id, instance] : service.instances) {
    if (!id.starts_with(page.prefix) || !filter.passes(instance)) continue;
    print.add(id);
    print.add(instance.revision);
    print.add(instance.state_revision);
  }
  return print.value();
}

// Looked up only for a request that compares it.
std::optional<registry::Revision> revision_of(const App& app, const Request& request, const DomainName& service,
                                              std::string_view id) {
  if (request.header("if-match").empty()) return std::nullopt;
  const auto* instance = app.registry().find_instance(service.key(), id);
  return instance ? std::optional(instance->revision) : std::nullopt;
}

std::function<json::value(App&)> show(std::string service_key, std::string id) {
  return [service_key = std::move(service_key), id = std::move(id)](App& app) -> json::value {
    const auto* service = app.registry().find_service(service_key);
    const auto* instance = app.registry().find_instance(service_key, id);
    return service && instance ? json::value(instance_json(app, *service, *instance)) : json::value();
  };
}

json::value preview_of(const DomainName& service, const InstanceDef& def) {
  auto out = registry::codec::to_json(def);
  out["service"] = service.text();
  out["id"] = def.id;
  out["label"] = def.label;
  out["name"] = def.label + "." + service.text();
  return out;
}

Read list_of(App& app, const registry::Service& service, Page page, Filter filter, bool polls) {
  Read read;
  read.index = std::max(service.revision, service.index);
  read.feed_key = service.name.key();
  const bool filtered = !filter.empty() || !page.prefix.empty();
  if (filtered && polls) read.fingerprint = fingerprint(service, filter, page);
  read.render = [&app, &service, page = std::move(page), filter = std::move(filter), index = read.index] {
    const auto item = [&](const auto&, const registry::Instance& instance) -> std::optional<json::object> {
      if (!filter.passes(instance)) return std::nullopt;
      return instance_json(app, service, instance);
    };
    return json_response(200, list_page("instances", service.instances, page, index, item));
  };
  return read;
}

}  // namespace

Result<Read> list_instances(App& app, const Request& request) {
  const auto name = name_to_read(request.params[0], ProblemKind::unknown_service);
  if (!name) return std::unexpected(name.error());
  auto page = parse_page(request);
  if (!page) return std::unexpected(page.error());
  auto filter = parse_filter(request);
  if (!filter) return std::unexpected(filter.error());
  const auto* service = app.registry().find_service(name->key());
  if (!service) return absent_service(app, *name);
  return list_of(app, *service, std::move(*page), std::move(*filter), request.parameter("index").has_value());
}

Result<Read> get_instance(App& app, const Request& request) {
  const auto name = name_to_read(request.params[0], ProblemKind::unknown_service);
  if (!name) return std::unexpected(name.error());
  const auto* service = app.registry().find_service(name->key());
  if (!service) return absent_service(app, *name);
  const auto* instance = app.registry().find_instance(name->key(), request.params[1]);
  if (!instance) {
    registry::Problem problem{
        ProblemKind::unknown_instance, fmt::format("{} has no instance {}", name->text(), request.params[1]), {}, {}};
    problem.hint = "curl http://.../api/v1/services/" + name->text() + "/instances";
    return absent(std::move(problem), std::max(service->revision, service->index), name->key());
  }
  Read read;
  read.index = std::max(instance->revision, instance->state_revision);
  read.feed_key = name->key();
  read.render = [&app, service, instance] { return object_response(instance_json(app, *service, *instance)); };
  return read;
}

Result<Plan> put_instance(App& app, const Request& request, const json::value* body) {
  auto name = name_to_write(request.params[0]);
  if (!name) return std::unexpected(std::move(name.error()));
  auto def = read_registration(app, request, *name, body);
  if (!def) return std::unexpected(std::move(def.error()));
  Plan plan;
  plan.body = show(name->key(), def->id);
  if (request.rehearsal || request.parameter("dry_run")) {
    plan.preview = [service = *name, def = *def](App&) { return preview_of(service, def); };
  }
  plan.location = instance_path(*name, def->id);
  const auto when = precondition(request, revision_of(app, request, *name, def->id));
  plan.action = registry::Command(registry::PutInstance{std::move(*name), std::move(*def), when});
  return plan;
}

Result<Plan> patch_instance(App& app, const Request& request, const json::value* body) {
  auto name = name_to_write(request.params[0]);
  if (!name) return std::unexpected(std::move(name.error()));
  if (!body) return std::unexpected(body_missing("a merge patch (RFC 7396): -d '{\"weight\": 20}'"));
  const auto& id = request.params[1];
  auto merge = [&app, patch = *body, context = context_of(app, request, *name)](const InstanceDef& current) {
    auto merged = registry::codec::merge_instance(current, patch, context);
    if (merged) {
      if (auto problem = check_allowed(app, *merged)) merged = std::unexpected(std::move(*problem));
    }
    return merged;
  };
  Plan plan;
  plan.body = show(name->key(), id);
  plan.preview = [merge, service = *name, id](App& shown) -> json::value {
    const auto* instance = shown.registry().find_instance(service.key(), id);
    if (!instance) return {};
    const auto merged = merge(*instance->def);
    return merged ? preview_of(service, *merged) : json::value();
  };
  const auto when = precondition(request, revision_of(app, request, *name, id));
  plan.action = registry::Command(registry::PatchInstance{std::move(*name), id, std::move(merge), when});
  return plan;
}

Result<Plan> delete_instance(App& app, const Request& request, const json::value*) {
  auto name = name_to_write(request.params[0]);
  if (!name) return std::unexpected(std::move(name.error()));
  const auto& id = request.params[1];
  const auto when = precondition(request, revision_of(app, request, *name, id));
  Plan plan;
  plan.action = registry::Command(registry::DeleteInstance{std::move(*name), id, when});
  return plan;
}

}  // namespace api::native
