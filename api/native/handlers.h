// The handlers of the native API, one file per resource. What each does says its route (routes.cc).
#pragma once

#include "api/app.h"
#include "api/route.h"

namespace api::native {

namespace json = boost::json;
using boost::asio::awaitable;
using registry::Result;

ReadFunction list_namespaces, get_namespace;  // namespaces.cc
PlanFunction put_namespace, delete_namespace;
ReadFunction list_services, get_service;  // services.cc
PlanFunction put_service, delete_service;
ReadFunction list_instances, get_instance;  // instances.cc
PlanFunction put_instance, patch_instance, delete_instance;
PlanFunction put_heartbeat;  // heartbeat.cc
AsyncFunction post_drain;    // drain.cc
PlanFunction delete_drain;
AsyncFunction post_session;                 // session.cc
ReadFunction list_overrides, get_override;  // overrides.cc
PlanFunction put_override, delete_override;
ReadFunction get_guard;  // guard.cc
SyncFunction delete_guard;
ReadFunction list_events;                                      // events.cc
ReadFunction list_nodes, get_node;                             // nodes.cc
AsyncFunction post_batch;                                      // batch.cc
SyncFunction get_watch;                                        // watch.cc
SyncFunction get_resolve, get_explain;                         // resolve.cc
AsyncFunction get_backup;                                      // backup.cc
SyncFunction get_status, get_healthy, get_ready, post_reload;  // operations.cc
SyncFunction get_metrics;                                      // metrics.cc
SyncFunction get_openapi;                                      // openapi.cc
SyncFunction get_prometheus_targets;                           // prometheus.cc

}  // namespace api::native
