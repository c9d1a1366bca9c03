// The command of a drain: waits, and tells how long it is not safe yet.
#include <algorithm>

#include "api/drain.h"
#include "api/long_poll.h"
#include "api/native/common.h"
#include "api/native/handlers.h"
#include "api/native/render.h"

namespace api::native {

using registry::DomainName;
using registry::ProblemKind;
using registry::Wall;

namespace {

struct State {
  std::optional<Wall> safe_after, started;
  bool exists = false;
  [[nodiscard]] bool draining() const { return started.has_value(); }
};

State state_of(const App& app, const DomainName& service, std::string_view id) {
  const auto* instance = app.registry().find_instance(service.key(), id);
  if (!instance) return {};
  return {instance->safe_after, instance->drain_started, true};
}

Response show(const App& app, const DomainName& service, const std::string& id) {
  const auto state = state_of(app, service, id);
  if (!state.exists) {
    return problem_response({ProblemKind::unknown_instance, id + " was deregistered", {}, {}});
  }
  if (!state.draining()) {
    return problem_response(http_problem::drain_cancelled, "the drain of " + id + " was cancelled meanwhile");
  }
  const auto now = app.now();
  const bool done = state.safe_after && *state.safe_after <= now.wall;
  json::object body{{"id", id}, {"draining", true}};
  body["safe_after"] = state.safe_after ? json::value(registry::format_time(*state.safe_after)) : json::value();
  body["left"] =
      state.safe_after ? json::value(format_left(now.mono + (*state.safe_after - now.wall), now.mono)) : json::value();
  body["done"] = done;
  auto response = json_response(done ? 200 : 202, body);
  if (const auto* instance = app.registry().find_instance(service.key(), id)) {
    response.set("X-Dnsd-Index", std::to_string(std::max(instance->revision, instance->state_revision)));
  }
  return response;
}

// Until it is safe, cancelled or gone, or the caller's patience ends.
awaitable<void> wait_until_safe(App& app, const Request& request, const DomainName& service, const std::string& id,
                                registry::Millis wait, std::shared_ptr<Holds::Hold> hold) {
  watch_peer(request, hold);
  auto subscription = app.context.feed.subscribe(service.key(), [&app, &hold](const auto&) { app.holds.wake(hold); });
  const auto patience = std::chrono::steady_clock::now() + wait;
  for (;;) {
    const auto state = state_of(app, service, id);
    const auto left = state.safe_after ? *state.safe_after - app.now().wall : registry::Millis(0);
    if (!state.draining() || left.count() <= 0 || hold->gone || app.stopping) co_return;
    const auto deadline = std::min(patience, std::chrono::steady_clock::now() + left);
    co_await hold->event.wait_until(deadline);
    hold->event.clear();
    if (std::chrono::steady_clock::now() >= patience) co_return;
  }
}

}  // namespace

awaitable<Response> post_drain(App& app, Request& request) {
  auto service = name_to_read(request.params[0], ProblemKind::unknown_service);
  if (!service) co_return problem_response(service.error());
  const auto wait = wait_parameter(request);
  if (!wait) co_return problem_response(wait.error());
  const std::string id = request.params[1];
  auto failure = co_await start_drain(app, *service, id);
  if (failure) co_return problem_response(*failure);
  if (*wait && (*wait)->count() > 0) {
    auto hold = app.holds.take(app.executor);
    if (!hold) co_return too_many_watchers(app);
    co_await wait_until_safe(app, request, *service, id, **wait, std::move(hold));
  }
  co_return show(app, *service, id);
}

Result<Plan> delete_drain(App&, const Request& request, const json::value*) {
  auto service = name_to_read(request.params[0], ProblemKind::unknown_service);
  if (!service) return std::unexpected(std::move(service.error()));
  Plan plan;
  plan.action = registry::Command(registry::UndrainInstance{std::move(*service), request.params[1]});
  return plan;
}

}  // namespace api::native
