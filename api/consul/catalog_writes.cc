// /v1/catalog/register and deregister: what third parties write about services of any node. What is told about their
// checks stays true until it is told anew.
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

std::optional<std::string> fault_of_datacenter(const App& app, const Fields& fields, const Request& request) {
  const auto ours = registry::fold(app.options.consul.datacenter);
  for (const auto& given : {fields.text({"Datacenter"}), std::string(request.parameter("dc").value_or(""))}) {
    if (!given.empty() && registry::fold(given) != ours) return "No path to datacenter";
  }
  return std::nullopt;
}

std::vector<Fields> checks_of(const Fields& fields) {
  std::vector<Fields> given = fields.objects({"Checks"});
  if (const auto one = fields.object({"Check"}); !one.empty()) given.insert(given.begin(), one);
  return given;
}

// The node as it was told before: of one that was registered by itself, or with a service.
Place known_place(App& app, const std::string& name) {
  auto& catalog = app.part<Catalog>();
  const auto key = catalog.node_key(name);
  Place place;
  if (const auto bare = catalog.bare_nodes().find(key); bare != catalog.bare_nodes().end()) {
    place.address = bare->second.address;
    place.id = bare->second.id;
    place.meta = bare->second.meta;
    return place;
  }
  const auto known = catalog.nodes().find(key);
  if (known == catalog.nodes().end() || known->second.empty()) return place;
  const auto& ref = *known->second.begin()->second.begin();
  const auto* instance = app.registry().find_instance(ref.service, ref.id);
  const auto foreign = instance ? read_foreign(*instance->def) : Foreign();
  place.address = foreign.node_address;
  place.id = foreign.node_id;
  place.meta = foreign.node_meta;
  return place;
}

Place read_place(const Fields& fields, const Request& request, App& app) {
  const auto name = fields.text({"Node"});
  Place place;
  if (fields.flag({"SkipNodeUpdate", "skip_node_update"})) {
    place = known_place(app, name);
  } else {
    place.address = fields.text({"Address"});
    place.id = fields.text({"ID"});
    for (const auto& [key, value] : fields.text_map({"NodeMeta", "node_meta"})) place.meta[key] = value;
  }
  place.node = name;
  if (registry::fold(name) == registry::fold(app.options.consul.node)) {
    place.node.clear();
    place.id.clear();
    place.meta.clear();
  }
  place.peer = request.peer.address;
  return place;
}

std::optional<std::string> fault_of_place(const App& app, const Fields& fields, const Request& request,
                                          const Place& place) {
  if (fields.text({"Node"}).empty()) return "Must provide node";
  if (place.address.empty() && !fields.flag({"SkipNodeUpdate", "skip_node_update"})) {
    return "Must provide address if SkipNodeUpdate is not set";
  }
  return fault_of_datacenter(app, fields, request);
}

// A node by itself is nothing that DNS could answer: it is kept until its services come.
registry::Result<Work> remember_node(App& app, Place place) {
  if (place.node.empty()) return Work();  // ours
  if (place.address.empty()) return bad_request(fmt::format("the node {} is not known", place.node));
  auto& catalog = app.part<Catalog>();
  if (!catalog.remember(
          {std::move(place.node), std::move(place.address), std::move(place.id), std::move(place.meta)})) {
    return bad_request(fmt::format("at most {} nodes are kept without services", kMaxBareNodes));
  }
  return Work();
}

// What it brings is added to the checks that are there, by id. One that names no service is of the node, in Consul;
// where it comes with a service it is taken for that one's, which is what it speaks of.
void add_checks(App& app, const std::vector<Fields>& given, Registration& made) {
  const auto instance = made.def;
  const auto context = context_of(app, instance);
  for (const auto& fields : given) {
    const auto of = fields.text({"ServiceID", "service_id"});
    if (!of.empty() && of != made.id()) {
      return fields.refuse(fmt::format("the check is of the service \"{}\", not of \"{}\"", of, made.id()));
    }
    auto body = read_catalog_check(fields, context);
    if (body.note.id.empty()) body.note.id = body.note.name;
    if (body.note.id.empty()) return fields.refuse("a check needs a CheckID or a Name");
    const auto id = body.note.id;
    const auto state = body.status;
    const auto output = body.output;
    const bool told = body.def.kind == registry::CheckKind::heartbeat;
    add_check(std::move(body), made.def, made.foreign);
    if (told && state) made.reports.push_back({{}, {}, name_of_check(made.foreign, id), *state, output});
  }
}

// The service that the checks speak of, which is there already.
registry::Result<Registration> find_checked(App& app, const std::string& node_key, const std::string& id) {
  if (id.empty()) return bad_request("a check of the node alone is not kept here: give ServiceID (docs/clients.md)");
  const auto ref = app.part<Catalog>().find(node_key, id);
  if (!ref) return bad_request(fmt::format("no service \"{}\" is registered on this node", id));
  return reopen(app, *ref);
}

registry::Result<Work> plan_catalog_registration(App& app, const Request& request, const json::value& body) {
  std::string fault;
  const Fields fields{LooseObject(&body), fault};
  auto place = read_place(fields, request, app);
  if (const auto wrong = fault_of_place(app, fields, request, place)) return bad_request(*wrong);
  const auto given = checks_of(fields);
  const auto service = fields.object({"Service"});
  if (!fault.empty()) return bad_request(std::move(fault));
  if (service.empty() && given.empty()) return remember_node(app, std::move(place));
  registry::Result<Registration> made;
  if (service.empty()) {
    made = find_checked(app, app.part<Catalog>().node_key(place.node), given.front().text({"ServiceID", "service_id"}));
  } else {
    if (!place.node.empty() && place.address.empty() && service.text({"Address"}).empty()) {
      return bad_request(fmt::format("the node {} is not known, so its service needs an Address", place.node));
    }
    made = read_service(app, service, place);
    if (made) keep_checks(app, *made);
  }
  if (!fault.empty()) return bad_request(std::move(fault));
  if (!made) return std::unexpected(std::move(made.error()));
  add_checks(app, given, *made);
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
  catalog.forget(key);
  const auto found = catalog.nodes().find(key);
  if (found == catalog.nodes().end()) return Work();
  for (const auto& [id, those] : found->second) {
    if (refs.size() == kAtOnce) break;
    refs.insert(refs.end(), those.begin(),
                std::next(those.begin(), static_cast<std::ptrdiff_t>(std::min(those.size(), kAtOnce - refs.size()))));
  }
  return removal_of(refs);
}

registry::Result<Work> plan_removal(App& app, const Request& request, const json::value& body) {
  std::string fault;
  const Fields fields{LooseObject(&body), fault};
  if (auto wrong = fault_of_datacenter(app, fields, request)) return bad_request(std::move(*wrong));
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
  return fields.text({"ServiceID", "service_id"}).empty() && fields.text({"CheckID", "check_id"}).empty();
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
      auto work = plan_removal(app, request, *body);
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
