// /v1/agent/service/...: services of our own node.
#include <fmt/format.h>

#include <set>

#include "api/consul/check_ids.h"
#include "api/consul/handlers.h"
#include "api/consul/render.h"
#include "api/consul/service_body.h"
#include "api/drain.h"

namespace api::consul {

using registry::ProblemKind;

namespace {

std::unexpected<registry::Problem> unknown_service(std::string_view id) {
  return registry::fail(
      ProblemKind::unknown_instance,
      fmt::format("Unknown service ID \"{}\". Ensure that the service ID is passed, not the service name.", id));
}

// In Consul's order: "Check" first, then "Checks". Those that are there stay, and those of the same id come anew,
// unless the caller wants only what it brings: who registers a service again to change a tag must not lose its health.
void read_checks(App& app, const Fields& fields, Registration& made, std::string_view name, bool alone) {
  std::vector<Fields> given;
  if (const auto one = fields.object({"Check"}); !one.empty()) given.push_back(one);
  for (auto& each : fields.objects({"Checks"})) {
    if (!each.empty()) given.push_back(each);
  }
  keep_checks(app, made);
  const auto instance = made.def;  // the context must not move while checks are added
  const auto context = context_of(app, instance);
  std::set<std::string> brought;
  for (std::size_t i = 0; i < given.size(); ++i) {
    auto body = read_check(given[i], context);
    if (body.note.id.empty()) body.note.id = check_id(made.id(), i, given.size());
    if (body.note.name == fmt::format("Service '{}' check", name)) body.note.name.clear();
    brought.insert(body.note.id);
    add_check(std::move(body), made.def, made.foreign);
  }
  if (!alone) return;
  std::vector<registry::CheckDef> checks = made.def.checks;
  std::erase_if(checks, [&](const auto& check) { return !brought.contains(made.foreign.checks[check.name].id); });
  made.def.checks = std::move(checks);
}

registry::Result<Work> plan_registration(App& app, const Request& request, const json::value& body) {
  std::string fault;
  const Fields fields{LooseObject(&body), fault};
  auto made =
      read_service(app, fields, {.node = {}, .address = {}, .id = {}, .meta = {}, .peer = request.peer.address});
  if (!fault.empty()) return bad_request(std::move(fault));
  if (!made) return std::unexpected(std::move(made.error()));
  const auto replace = request.parameter("replace-existing-checks");
  const bool alone = replace && parse_bool(*replace).value_or(false);
  read_checks(app, fields, *made, fields.text({"Name", "Service"}), alone);
  if (!fault.empty()) return bad_request(std::move(fault));
  return work_of(app, std::move(*made));
}

registry::Result<Work> plan_maintenance(App& app, std::string_view id, bool enable, std::string_view reason) {
  const auto ref = app.part<Catalog>().find("", id);
  if (!ref) return unknown_service(id);
  auto made = reopen(app, *ref);
  if (!made) return std::unexpected(std::move(made.error()));
  const auto service = made->service;
  const std::string wanted(enable ? reason : "");
  Work work;
  // Kept with the registration, and who writes that anew renews its leases: of what others registered nobody here can
  // say that it lives.
  if (made->foreign.maintenance != wanted && made_here(made->def)) {
    made->foreign.maintenance = wanted;
    auto put = work_of(app, std::move(*made));
    if (!put) return put;
    work = std::move(*put);
  }
  if (enable) work.commands.emplace_back(registry::DrainInstance{service, ref->id});
  if (!enable) work.commands.emplace_back(registry::UndrainInstance{service, ref->id});
  return work;
}

}  // namespace

awaitable<Response> put_agent_service(App& app, Request& request) {
  const auto body = read_body(request);
  if (!body) co_return error_response(&kDialect, body.error());
  Planner plan = [&] { return plan_registration(app, request, *body); };
  const auto failure = co_await carry_out(app, std::move(plan));
  if (failure) co_return error_response(&kDialect, *failure);
  co_return done();
}

awaitable<Response> deregister_agent_service(App& app, Request& request) {
  const auto& id = request.params[0];
  Planner plan = [&]() -> registry::Result<Work> {
    const auto ref = app.part<Catalog>().find("", id);
    if (!ref) return unknown_service(id);
    const auto service = registry::DomainName::parse(ref->service);
    Work work;
    work.commands.emplace_back(registry::DeleteInstance{*service, ref->id, {}});
    return work;
  };
  const auto failure = co_await carry_out(app, std::move(plan));
  if (failure) co_return error_response(&kDialect, *failure);
  co_return done();
}

// A drain: out of new answers, and the copies that were handed out may still end.
awaitable<Response> put_service_maintenance(App& app, Request& request) {
  const auto& id = request.params[0];
  const auto given = request.parameter("enable");
  if (!given) co_return text_response(400, "Missing value for enable");
  const auto enable = parse_bool(*given);
  if (!enable || given->empty()) co_return text_response(400, fmt::format("Invalid value for enable: \"{}\"", *given));
  const std::string reason(request.parameter("reason").value_or(""));
  Planner plan = [&] { return plan_maintenance(app, id, *enable, reason); };
  auto failure = co_await carry_out(app, std::move(plan));
  const auto ref = app.part<Catalog>().find("", id);
  if (!failure && *enable && ref) {
    auto service = registry::DomainName::parse(ref->service);
    failure = co_await measure_drain(app, std::move(*service), ref->id);
  }
  if (failure) co_return error_response(&kDialect, *failure);
  co_return done();
}

}  // namespace api::consul
