// Registrations, heartbeats, metadata.
#include <fmt/format.h>

#include <ranges>

#include "api/allowed.h"
#include "api/carry_out.h"
#include "api/eureka/body.h"
#include "api/eureka/directory.h"
#include "api/eureka/found.h"
#include "api/eureka/handlers.h"
#include "api/eureka/registration.h"
#include "api/write.h"
#include "registry/names.h"

namespace api::eureka {

using registry::CheckState;
using registry::ProblemKind;
using registry::Result;

namespace {

Work put(registry::DomainName service, registry::InstanceDef def, const registry::Instance* present) {
  registry::Precondition when;
  when.create_only = !present;
  if (present) when.if_match = present->revision;
  Work work;
  work.commands.emplace_back(registry::PutInstance{std::move(service), std::move(def), when});
  return work;
}

Result<Work> plan_registration(App& app, const Body& body, std::string_view app_name) {
  auto& directory = app.part<Directory>();
  auto service = directory.service_name(app_name);
  if (!service) return std::unexpected(std::move(service.error()));
  if (const auto other = directory.other_name(*service, app_name)) {
    return registry::fail(
        ProblemKind::name_conflict,
        fmt::format("\"{}\" is {} in DNS, and that is registered as \"{}\"", app_name, service->text(), *other));
  }
  const auto* present = app.registry().find_instance(service->key(), body.id);
  // One that went by another way and arrives late: what is there stays, and lives. What is gone has no say: its client
  // may come back with a clock that was set back.
  const bool late = present && !present->forget_at && body.dirty != 0 && body.dirty < read_notes(*present->def).dirty;
  if (late) return put(std::move(*service), *present->def, present);
  auto def = define(body, *service, present, app.now().wall, app.options.eureka.lease_factor);
  if (!def) return std::unexpected(std::move(def.error()));
  if (auto problem = check_allowed(app, *def)) return std::unexpected(std::move(*problem));
  return put(std::move(*service), std::move(*def), present);
}

Response answer(const std::optional<registry::Problem>& failure, int status) {
  return failure ? error_response(&kDialect, *failure) : text_response(status);
}

}  // namespace

awaitable<Response> post_instance(App& app, Request& request) {
  const auto body = read_body(request.header("content-type"), request.body);
  if (!body) co_return text_response(400, body.error());
  const auto app_name = to_upper(request.params[0]);
  if (auto missing = missing_in(*body, app_name)) co_return text_response(400, std::move(*missing));
  Planner plan = [&] { return plan_registration(app, *body, app_name); };
  co_return answer(co_await carry_out(app, std::move(plan)), 204);
}

awaitable<Response> delete_instance(App& app, Request& request) {
  Planner plan = [&]() -> Result<Work> {
    auto found = find(app, request);
    if (!found) return std::unexpected(std::move(found.error()));
    Work work;
    work.commands.emplace_back(registry::DeleteInstance{std::move(found->service), request.params[1], {}});
    return work;
  };
  co_return answer(co_await carry_out(app, std::move(plan)), 200);
}

// 404 makes the client register again: it is gone, or the client knows something newer than what is here.
Response put_heartbeat(App& app, const Request& request) {
  const auto found = find(app, request);
  if (!found) return text_response(404);
  const auto notes = read_notes(*found->instance->def);
  Heartbeat life;
  life.service = found->service.key();
  life.id = request.params[1];
  life.state = reports_up(notes) ? CheckState::passing : CheckState::critical;
  life.output = report_of(notes);
  const auto done = beat(app, life);
  // Of the native API there are instances without a lease: they need no heartbeat, and take one.
  if (!done && done.error().kind != ProblemKind::no_lease) return text_response(404);
  const auto dirty = parse_number(request.parameter("lastDirtyTimestamp").value_or(""));
  return text_response(dirty.value_or(0) > notes.dirty ? 404 : 200);
}

awaitable<Response> put_metadata(App& app, Request& request) {
  Planner plan = [&]() -> Result<Work> {
    auto found = find_living(app, request);
    if (!found) return std::unexpected(std::move(found.error()));
    auto def = *found->instance->def;
    auto notes = read_notes(def);
    // Of a key that is there twice the first value counts, as in Eureka.
    for (const auto& [key, value] : std::views::reverse(request.query)) set_metadata(def, notes, key, value);
    // As in a registration: what clients choose by is what DNS chooses by.
    const auto zone = request.parameter("zone");
    if (notes.registered != 0 && zone && registry::is_ldh_label(*zone)) def.zone = *zone;
    write_notes(notes, def);
    if (def == *found->instance->def) return Work();
    if (notes.registered != 0) notes.updated = to_milliseconds(app.now().wall);
    write_notes(notes, def);
    return put(std::move(found->service), std::move(def), found->instance);
  };
  co_return answer(co_await carry_out(app, std::move(plan)), 200);
}

}  // namespace api::eureka
