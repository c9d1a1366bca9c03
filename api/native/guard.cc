// The guards: whether they hold, since when, why; and the one command that ends it.
#include <algorithm>

#include "api/native/common.h"
#include "api/native/handlers.h"
#include "api/native/render.h"

namespace api::native {

using registry::Guard;
using registry::Registry;

namespace {

json::object side_json(const Registry::GuardView& view, const registry::Now& now) {
  const bool holding = view.state == Guard::State::holding;
  const auto wall = [&](registry::Mono at) {
    return registry::format_time(now.wall + std::chrono::floor<registry::Millis>(at - now.mono));
  };
  json::object out{{"state", registry::to_string(view.state)}};
  out["since"] = holding ? json::value(wall(view.since)) : json::value();
  out["until"] = holding ? json::value(wall(view.until)) : json::value();
  out["left"] = holding ? json::value(format_left(view.until, now.mono)) : json::value();
  out["cause"] = view.why.empty() ? json::value() : json::value(view.why);
  out["begun"] = view.begun;
  out["lifted"] = view.lifted;
  return out;
}

}  // namespace

Result<Read> get_guard(App& app, const Request&) {
  Read read;
  read.index = app.indexes.guard();
  read.feed_key = "guard:";
  read.render = [&app] {
    const auto& registry = app.registry();
    json::object out{{"guard", registry.guard_holding() ? "holding" : "off"}, {"held", registry.held_instances()}};
    for (const auto& view : registry.guards()) out[registry::to_string(view.kind)] = side_json(view, app.now());
    return json_response(200, out);
  };
  return read;
}

// 204 as well when nothing is held: what was asked for is so.
Response delete_guard(App& app, const Request&) {
  const auto now = app.now();
  app.context.writes.observe(app.registry().lift_guard(now), registry::reported(now));
  Response response;
  response.status = 204;
  response.set("X-Dnsd-Index", std::to_string(std::max<registry::Revision>(app.registry().revision(), 1)));
  return response;
}

}  // namespace api::native
