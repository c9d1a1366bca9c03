// The handlers of the native API, one file per resource. What each does says its route (routes.cc).
#pragma once

#include "api/app.h"
#include "api/route.h"

namespace api::native {

namespace json = boost::json;
using boost::asio::awaitable;
using registry::Result;

// namespaces.cc
Result<Read> list_namespaces(App& app, const Request& request);
Result<Read> get_namespace(App& app, const Request& request);
Result<Plan> put_namespace(App& app, const Request& request, const json::value* body);
Result<Plan> delete_namespace(App& app, const Request& request, const json::value* body);
// services.cc
Result<Read> list_services(App& app, const Request& request);
Result<Read> get_service(App& app, const Request& request);
Result<Plan> put_service(App& app, const Request& request, const json::value* body);
Result<Plan> delete_service(App& app, const Request& request, const json::value* body);
// instances.cc
Result<Read> list_instances(App& app, const Request& request);
Result<Read> get_instance(App& app, const Request& request);
Result<Plan> put_instance(App& app, const Request& request, const json::value* body);
Result<Plan> patch_instance(App& app, const Request& request, const json::value* body);
Result<Plan> delete_instance(App& app, const Request& request, const json::value* body);
// heartbeat.cc
Result<Plan> put_heartbeat(App& app, const Request& request, const json::value* body);
// drain.cc
awaitable<Response> post_drain(App& app, Request& request);
Result<Plan> delete_drain(App& app, const Request& request, const json::value* body);
// overrides.cc
Result<Read> list_overrides(App& app, const Request& request);
Result<Read> get_override(App& app, const Request& request);
Result<Plan> put_override(App& app, const Request& request, const json::value* body);
Result<Plan> delete_override(App& app, const Request& request, const json::value* body);
// nodes.cc
Result<Read> list_nodes(App& app, const Request& request);
Result<Read> get_node(App& app, const Request& request);
// batch.cc, watch.cc, resolve.cc, backup.cc
awaitable<Response> post_batch(App& app, Request& request);
Response get_watch(App& app, const Request& request);
Response get_resolve(App& app, const Request& request);
awaitable<Response> get_backup(App& app, Request& request);
// operations.cc, metrics.cc, openapi.cc
Response get_status(App& app, const Request& request);
Response get_healthy(App& app, const Request& request);
Response get_ready(App& app, const Request& request);
Response post_reload(App& app, const Request& request);
Response get_metrics(App& app, const Request& request);
Response get_openapi(App& app, const Request& request);

}  // namespace api::native
