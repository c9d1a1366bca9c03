// /v1/agent/check/...: checks of the services of our own node, and what is told about them.
#include <fmt/format.h>

#include "api/consul/handlers.h"
#include "api/consul/render.h"
#include "api/consul/service_body.h"
#include "api/write.h"
#include "registry/text.h"

namespace api::consul {

using registry::CheckState;
using registry::ProblemKind;

namespace {

std::string unknown_check(std::string_view id) {
  return fmt::format("Unknown check ID \"{}\". Ensure that the check ID is passed, not the check name.", id);
}

registry::Result<Work> plan_check(App& app, const json::value& body) {
  std::string fault;
  const Fields fields{LooseObject(&body), fault};
  const auto service = fields.text({"ServiceID", "service_id"});
  if (service.empty()) {
    return bad_request("a check of the node alone is not kept here: give ServiceID (docs/clients.md)");
  }
  const auto ref = app.part<Catalog>().find("", service);
  if (!ref) return bad_request(fmt::format("ServiceID \"{}\" does not exist", service));
  auto made = reopen(app, *ref);
  if (!made) return std::unexpected(std::move(made.error()));
  const auto instance = made->def;
  auto check = read_check(fields, context_of(app, instance));
  if (check.note.id.empty()) check.note.id = check.note.name;
  if (check.note.id.empty()) return bad_request("Missing check name");
  const auto same = app.part<Catalog>().find_check("", check.note.id);
  if (same && same->instance != *ref) {
    return registry::fail(ProblemKind::name_conflict,
                          fmt::format("a check of another service has the ID \"{}\"", check.note.id));
  }
  add_check(std::move(check), made->def, made->foreign);
  if (!fault.empty()) return bad_request(std::move(fault));
  return work_of(app, std::move(*made));
}

Response tell(App& app, std::string_view id, CheckState state, std::string_view output) {
  const auto check = app.part<Catalog>().find_check("", id);
  if (!check) return text_response(404, unknown_check(id));
  const Heartbeat heartbeat{check->instance.service, check->instance.id, check->name, state,
                            registry::clip_utf8(output, registry::kMaxOutput)};
  const auto index = beat(app, heartbeat);
  if (index) return done();
  if (index.error().kind == ProblemKind::no_lease) {
    return text_response(400, fmt::format("CheckID \"{}\" does not have associated TTL", id));
  }
  return text_response(404, unknown_check(id));
}

}  // namespace

registry::Result<Work> plan_check_removal(App& app, const Catalog::Check& check) {
  auto made = reopen(app, check.instance);
  if (!made) return std::unexpected(std::move(made.error()));
  std::vector<registry::CheckDef> checks = made->def.checks;
  if (std::erase_if(checks, [&](const auto& each) { return each.name == check.name; }) == 0) {
    return bad_request("the check comes with the service's policy; it is not this instance's to lose");
  }
  made->def.checks = std::move(checks);
  made->foreign.checks.erase(check.name);
  return work_of(app, std::move(*made));
}

awaitable<Response> put_agent_check(App& app, Request& request) {
  const auto body = read_body(request);
  if (!body) co_return error_response(&kDialect, body.error());
  Planner plan = [&] { return plan_check(app, *body); };
  const auto failure = co_await carry_out(app, std::move(plan));
  if (failure) co_return error_response(&kDialect, *failure);
  co_return done();
}

awaitable<Response> deregister_agent_check(App& app, Request& request) {
  const auto& id = request.params[0];
  Planner plan = [&]() -> registry::Result<Work> {
    const auto check = app.part<Catalog>().find_check("", id);
    if (!check) return registry::fail(ProblemKind::unknown_instance, unknown_check(id));
    return plan_check_removal(app, *check);
  };
  const auto failure = co_await carry_out(app, std::move(plan));
  if (failure) co_return error_response(&kDialect, *failure);
  co_return done();
}

Response pass_check(App& app, const Request& request) {
  return tell(app, request.params[0], CheckState::passing, request.parameter("note").value_or(""));
}
Response warn_check(App& app, const Request& request) {
  return tell(app, request.params[0], CheckState::warning, request.parameter("note").value_or(""));
}
Response fail_check(App& app, const Request& request) {
  return tell(app, request.params[0], CheckState::critical, request.parameter("note").value_or(""));
}

Response update_check(App& app, const Request& request) {
  const auto body = read_body(request);
  if (!body) return error_response(&kDialect, body.error());
  std::string fault;
  const Fields fields{LooseObject(&*body), fault};
  const auto status = fields.text({"Status"});
  const auto output = fields.text({"Output"});
  if (!fault.empty()) return text_response(400, fault);
  if (status == "passing") return tell(app, request.params[0], CheckState::passing, output);
  if (status == "warning") return tell(app, request.params[0], CheckState::warning, output);
  if (status == "critical") return tell(app, request.params[0], CheckState::critical, output);
  return text_response(400, fmt::format("Invalid check status: \"{}\"", status));
}

}  // namespace api::consul
