#include "api/native/common.h"
#include "api/native/handlers.h"

namespace api::native {

Response get_status(App& app, const Request&) {
  json::object body = app.context.status ? app.context.status() : json::object();
  const auto& registry = app.registry();
  body["revision"] = registry.revision();
  body["registry"] =
      json::object{{"namespaces", registry.namespaces().size()}, {"services", registry.services().size()},
                   {"instances", registry.instance_count()},     {"nodes", registry.nodes().size()},
                   {"overrides", registry.overrides().size()},   {"held", registry.held_instances()}};
  body["guard"] = registry.guard_holding() ? "holding" : "off";
  const auto store = app.context.store.stats();
  body["store"] = json::object{{"kind", store.kind},
                               {"commits", store.commits},
                               {"failures", store.failures},
                               {"last_sync", fmt::format("{}us", store.last_sync.count())},
                               {"worst_sync", fmt::format("{}us", store.worst_sync.count())},
                               {"log_rows", store.log_rows},
                               {"live_rows", store.live_rows},
                               {"bytes", store.bytes},
                               {"read_only", app.context.writes.read_only()},
                               {"waiting", app.context.writes.waiting()}};
  const auto& counters = app.counters;
  body["http"] = json::object{{"connections", counters.connections}, {"accepted", counters.accepted},
                              {"refused", counters.refused},         {"in_flight", counters.in_flight},
                              {"watchers", app.holds.count()},       {"sessions", app.sessions.size()}};
  auto response = json_response(200, body);
  response.set("X-Dnsd-Index", std::to_string(std::max<registry::Revision>(registry.revision(), 1)));
  return response;
}

// Alive: the control thread answers. Nothing else is asked, so that a slow store does not get the process killed.
Response get_healthy(App&, const Request&) { return json_response(200, json::object{{"healthy", true}}); }

Response get_ready(App& app, const Request&) {
  Readiness ready;
  if (app.context.ready) ready = app.context.ready();
  const auto word = [](bool ok) { return ok ? "ok" : "starting"; };
  json::object detail{{"store", word(ready.store)},
                      {"zones", word(ready.zones)},
                      {"dns", word(ready.dns)},
                      {"guard", app.registry().guard_holding() ? "holding" : "off"},
                      {"stale", ready.stale}};
  auto response =
      json_response(ready.ready ? 200 : 503, json::object{{"ready", ready.ready}, {"detail", std::move(detail)}});
  if (!ready.ready) response.set("Retry-After", "1");
  return response;
}

Response post_reload(App& app, const Request&) {
  const auto result = app.context.reload();
  if (result) return json_response(200, json::object{{"reloaded", true}});
  std::vector<registry::FieldError> errors;
  for (const auto& line : result.error()) errors.push_back({"#", "reload_refused", line, {}});
  return problem_response(http_problem::reload_refused, "what was refused keeps its old content", "dnsd --check-config",
                          std::move(errors));
}

}  // namespace api::native
