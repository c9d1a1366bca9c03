// /v1/catalog/register and deregister: what third parties write about services of any node. Such a node exists through
// its services, and what is told about their checks stays true until it is told anew.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "api/consul/handlers.h"
#include "api/consul/render.h"
#include "api/consul/service_body.h"

namespace api::consul {

using registry::ProblemKind;

namespace {

// A commit of so many removals takes milliseconds; what is more follows in the next one.
constexpr std::size_t kAtOnce = 500;

std::vector<Fields> checks_of(const Fields& fields) {
  std::vector<Fields> given = fields.objects({"Checks"});
  if (const auto one = fields.object({"Check"}); !one.empty()) given.insert(given.begin(), one);
  return given;
}

Place read_place(const Fields& fields, const Request& request, const App& app) {
  Place place;
  place.node = fields.text({"Node"});
  if (registry::fold(place.node) == registry::fold(app.options.consul.node)) place.node.clear();
  place.address = fields.text({"Address"});
  if (!place.node.empty()) place.id = fields.text({"ID"});
  if (const auto* meta = fields.raw_object({"NodeMeta"}); meta && !place.node.empty()) place.meta = *meta;
  place.peer = request.peer.address;
  return place;
}

// What it brings is added to the checks that are there, by id.
void add_checks(App& app, const std::vector<Fields>& given, std::string_view node_key, const std::string& id,
                Registration& made) {
  const auto instance = made.def;
  const auto context = context_of(app, instance);
  for (const auto& fields : given) {
    const auto of = fields.text({"ServiceID", "service_id"});
    if (of != id) {
      fields.refuse(of.empty() ? std::string("a check of the node alone is not kept here: give ServiceID")
                               : fmt::format("the check is of the service \"{}\", not of \"{}\"", of, id));
      return;
    }
    auto body = read_catalog_check(fields, context);
    if (body.note.id.empty()) body.note.id = body.note.name;
    std::optional<std::string> replaces;
    const auto same = app.part<Catalog>().find_check(node_key, body.note.id);
    if (same && present_of(app, made) && same->instance == *made.present) replaces = same->name;
    const auto state = body.status;
    const auto output = body.output;
    const bool told = body.def.kind == registry::CheckKind::heartbeat;
    add_check(std::move(body), made.def, made.foreign, replaces);
    if (!told || !state) continue;
    const auto& name = replaces ? *replaces : made.def.checks.get().back().name;
    made.reports.push_back({{}, {}, name, *state, output});
  }
}

// The checks that are there stay, also where their service comes anew.
void keep_checks(App& app, Registration& made) {
  const auto* present = present_of(app, made);
  if (!present) return;
  made.def.checks = present->def->checks;
  made.foreign.checks = read_foreign(*present->def).checks;
}

registry::Result<Work> plan_catalog_registration(App& app, const Request& request, const json::value& body) {
  std::string fault;
  const Fields fields{LooseObject(&body), fault};
  const auto place = read_place(fields, request, app);
  if (fields.text({"Node"}).empty() || place.address.empty()) return bad_request("Must provide node and address");
  const auto given = checks_of(fields);
  const auto service = fields.object({"Service"});
  auto& catalog = app.part<Catalog>();
  const auto node = catalog.node_key(place.node);
  if (service.empty() && given.empty()) {
    return bad_request("a node without a service is not kept here: give Service (docs/clients.md)");
  }
  registry::Result<Registration> made;
  std::string id;
  if (service.empty()) {
    id = given.front().text({"ServiceID", "service_id"});
    const auto ref = catalog.find(node, id);
    if (!ref) return bad_request(fmt::format("no service \"{}\" is registered on this node", id));
    made = reopen(app, *ref);
  } else {
    id = service.text({"ID", "service_id"});
    if (id.empty()) id = service.text({"Service", "Name"});
    made = read_service(app, service, place);
    if (made) keep_checks(app, *made);
  }
  if (!fault.empty()) return bad_request(std::move(fault));
  if (!made) return std::unexpected(std::move(made.error()));
  add_checks(app, given, node, id, *made);
  if (!fault.empty()) return bad_request(std::move(fault));
  return work_of(app, std::move(*made));
}

Work removal_of(const std::vector<Ref>& refs) {
  Work work;
  for (const auto& ref : refs) {
    auto service = registry::DomainName::parse(ref.service);
    work.commands.emplace_back(registry::DeleteInstance{std::move(*service), ref.id, {}});
  }
  return work;
}

// Everything of a node, some at a time. Not of ours: that is everything registered through any of our servers.
registry::Result<Work> plan_node_removal(App& app, const std::string& node) {
  auto& catalog = app.part<Catalog>();
  const auto key = catalog.node_key(node);
  if (key.empty()) {
    return bad_request(fmt::format("the node {} is all that was registered through this API: name a ServiceID", node));
  }
  std::vector<Ref> refs;
  const auto found = catalog.nodes().find(key);
  if (found == catalog.nodes().end()) return Work();
  for (const auto& [id, those] : found->second) {
    if (refs.size() == kAtOnce) break;
    refs.insert(refs.end(), those.begin(),
                std::next(those.begin(), static_cast<std::ptrdiff_t>(std::min(those.size(), kAtOnce - refs.size()))));
  }
  return removal_of(refs);
}

registry::Result<Work> plan_removal(App& app, const json::value& body) {
  std::string fault;
  const Fields fields{LooseObject(&body), fault};
  const auto node = fields.text({"Node"});
  const auto service = fields.text({"ServiceID", "service_id"});
  const auto check = fields.text({"CheckID", "check_id"});
  if (!fault.empty()) return bad_request(std::move(fault));
  if (node.empty()) return bad_request("Must provide node");
  auto& catalog = app.part<Catalog>();
  const auto key = catalog.node_key(node);
  if (!service.empty()) {
    const auto ref = catalog.find(key, service);
    return ref ? removal_of({*ref}) : Work();
  }
  if (check.empty()) return plan_node_removal(app, node);
  const auto found = catalog.find_check(key, check);
  return found ? plan_check_removal(app, *found) : registry::Result<Work>(Work());
}

bool names_a_node_alone(const json::value& body) {
  std::string fault;
  const Fields fields{LooseObject(&body), fault};
  return !fields.has({"ServiceID", "service_id"}) && !fields.has({"CheckID", "check_id"});
}

}  // namespace

awaitable<Response> put_catalog_register(App& app, Request& request) {
  const auto body = read_body(request);
  if (!body) co_return error_response(&kDialect, body.error());
  Planner plan = [&] { return plan_catalog_registration(app, request, *body); };
  const auto failure = co_await carry_out(app, std::move(plan));
  if (failure) co_return error_response(&kDialect, *failure);
  co_return json_answer(request, true);
}

awaitable<Response> put_catalog_deregister(App& app, Request& request) {
  const auto body = read_body(request);
  if (!body) co_return error_response(&kDialect, body.error());
  for (bool more = true; more;) {
    std::size_t removed = 0;
    Planner plan = [&] {
      auto work = plan_removal(app, *body);
      removed = work ? work->commands.size() : 0;
      return work;
    };
    const auto failure = co_await carry_out(app, std::move(plan));
    if (failure) co_return error_response(&kDialect, *failure);
    more = removed == kAtOnce && names_a_node_alone(*body);
  }
  co_return json_answer(request, true);
}

}  // namespace api::consul
