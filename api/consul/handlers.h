// The handlers of Consul's API, one file per resource. What each does says its route (routes.cc).
#pragma once

#include "api/consul/dialect.h"

namespace api::consul {

using boost::asio::awaitable;

AsyncFunction put_agent_service, deregister_agent_service, put_service_maintenance;  // agent_services.cc
AsyncFunction put_agent_check, deregister_agent_check;                               // agent_checks.cc
SyncFunction pass_check, warn_check, fail_check, update_check;
SyncFunction get_agent_services, get_agent_checks, get_agent_service;  // agent_reads.cc
SyncFunction get_agent_health_by_id, get_agent_health_by_name;
SyncFunction get_agent_self, get_agent_members, get_status_leader, get_status_peers;
AsyncFunction put_catalog_register, put_catalog_deregister;  // catalog_writes.cc
ReadFunction get_catalog_service, get_catalog_services;      // catalog_reads.cc
ReadFunction get_catalog_nodes, get_catalog_node, get_catalog_node_services;
SyncFunction get_catalog_datacenters;
ReadFunction get_health_service, get_health_checks, get_health_node, get_health_state;  // health.cc
SyncFunction absent;                                                                    // absent.cc

}  // namespace api::consul
