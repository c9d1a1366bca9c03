// .../status: what an operator says of an instance, over what its client says.
#include <algorithm>

#include "api/carry_out.h"
#include "api/drain.h"
#include "api/eureka/body.h"
#include "api/eureka/found.h"
#include "api/eureka/handlers.h"
#include "api/eureka/registration.h"

namespace api::eureka {

using registry::Instance;
using registry::Result;

namespace {

// `change` may leave the notes as they are. What the configuration file declares cannot be written to, and can be
// drained.
template <class Change>
Result<Work> plan_change(App& app, const Request& request, bool drain, Change change) {
  auto found = find_living(app, request);
  if (!found) return std::unexpected(std::move(found.error()));
  const auto& present = *found->instance;
  Work work;
  auto def = *present.def;
  auto notes = read_notes(def);
  change(notes);
  settle(notes, def);
  if (!present.managed_by_config && def != *present.def) {
    if (notes.registered != 0) notes.updated = to_milliseconds(app.now().wall);
    settle(notes, def);
    registry::Precondition when;
    when.if_match = present.revision;
    work.commands.emplace_back(registry::PutInstance{found->service, std::move(def), when});
  }
  if (drain) work.commands.emplace_back(registry::DrainInstance{found->service, request.params[1]});
  if (!drain) work.commands.emplace_back(registry::UndrainInstance{found->service, request.params[1]});
  return work;
}

void take_dirty(Notes& notes, const Request& request) {
  const auto dirty = parse_number(request.parameter("lastDirtyTimestamp").value_or(""));
  if (notes.registered != 0) notes.dirty = std::max(notes.dirty, dirty.value_or(0));
}

awaitable<std::optional<registry::Problem>> measure(App& app, const Request& request) {
  auto found = find(app, request);
  if (!found) co_return std::nullopt;  // gone meanwhile
  co_return co_await measure_drain(app, std::move(found->service), request.params[1]);
}

}  // namespace

// Out of service is a drain: no new answers, and what was handed out may still end. UNKNOWN stands for none.
awaitable<Response> put_status(App& app, Request& request) {
  const auto given = parse_status(to_upper(request.parameter("value").value_or("")));
  if (!given) co_return text_response(400, "value must be UP, DOWN, STARTING, OUT_OF_SERVICE or UNKNOWN");
  const auto wanted = *given == Status::unknown ? std::nullopt : given;
  const bool drain = wanted && *wanted != Status::up;
  Planner plan = [&] {
    return plan_change(app, request, drain, [&](Notes& notes) {
      // What the client says itself is no override: a later word of it would not count.
      notes.override_status = wanted == notes.status ? std::nullopt : wanted;
      if (drain) notes.override_status = wanted;
      take_dirty(notes, request);
    });
  };
  auto failure = co_await carry_out(app, std::move(plan));
  if (!failure && drain) failure = co_await measure(app, request);
  if (failure) co_return error_response(&kDialect, *failure);
  co_return text_response(200);
}

awaitable<Response> delete_status(App& app, Request& request) {
  const auto value = request.parameter("value");
  const auto given = parse_status(to_upper(value.value_or("")));
  if (value && !value->empty() && !given) {
    co_return text_response(400, "value must be UP, DOWN, STARTING, OUT_OF_SERVICE or UNKNOWN");
  }
  Planner plan = [&] {
    return plan_change(app, request, false, [&](Notes& notes) {
      notes.override_status.reset();
      if (given && *given != Status::unknown) notes.status = *given;
      take_dirty(notes, request);
    });
  };
  const auto failure = co_await carry_out(app, std::move(plan));
  if (failure) co_return error_response(&kDialect, *failure);
  co_return text_response(200);
}

}  // namespace api::eureka
