// /v1/health/...
#include "api/consul/handlers.h"
#include "api/consul/lists.h"

namespace api::consul {

namespace {

bool any_check(const CheckView&) { return true; }

Response render_health_service(App& app, const Request& request, const Selection& selection, const std::string& key) {
  return list_response(app, request, selection, entries_of(app, key), health_json);
}

Response render_checks(App& app, const Request& request, const Selection& selection, const std::string& key) {
  return check_list_response(request, selection, entries_of(app, key), any_check);
}

Response render_node_checks(App& app, const Request& request, const Selection& selection) {
  auto& catalog = app.part<Catalog>();
  const auto node = catalog.nodes().find(catalog.node_key(request.params[0]));
  if (node == catalog.nodes().end()) return json_answer(request, json::array());
  return check_list_response(request, selection, entries_of(app, node->second), any_check);
}

Response render_state(App& app, const Request& request, const Selection& selection) {
  const auto& state = request.params[0];
  auto entries = entries_in_state(app, state);
  if (!entries) return error_response(&kDialect, entries.error());
  const auto wanted = [&](const CheckView& check) { return state == "any" || check.status == state; };
  return check_list_response(request, selection, std::move(*entries), wanted);
}

}  // namespace

registry::Result<Read> get_health_service(App& app, const Request& request) {
  return service_read(app, request, render_health_service);
}

registry::Result<Read> get_health_checks(App& app, const Request& request) {
  return service_read(app, request, render_checks);
}

registry::Result<Read> get_health_node(App& app, const Request& request) {
  return wide_read(app, request, size_of_node(app, request), render_node_checks);
}

// A state that no check is ever in has none: clients ask for "unknown" as well.
registry::Result<Read> get_health_state(App& app, const Request& request) {
  return wide_read(app, request, app.part<Catalog>().size(), render_state);
}

}  // namespace api::consul
