#include "api/consul/routes.h"

#include "api/consul/handlers.h"

namespace api::consul {
namespace {

template <class Handler>
void add(std::vector<Route>& table, Method method, std::string_view pattern, Handler* handler) {
  Route route{method, pattern, handler, {}, {}};
  route.dialect = &kDialect;
  table.push_back(std::move(route));
}

// python3-consul writes some things with GET.
template <class Handler>
void add_put_and_get(std::vector<Route>& table, std::string_view pattern, Handler* handler) {
  add(table, Method::put, pattern, handler);
  add(table, Method::get, pattern, handler);
}

void add_agent(std::vector<Route>& table) {
  add(table, Method::get, "/v1/agent/self", get_agent_self);
  add(table, Method::get, "/v1/agent/members", get_agent_members);
  add(table, Method::get, "/v1/agent/services", get_agent_services);
  add(table, Method::get, "/v1/agent/checks", get_agent_checks);
  add(table, Method::put, "/v1/agent/service/register", put_agent_service);
  add_put_and_get(table, "/v1/agent/service/deregister/{id*}", deregister_agent_service);
  add(table, Method::put, "/v1/agent/service/maintenance/{id*}", put_service_maintenance);
  add(table, Method::get, "/v1/agent/service/{id*}", get_agent_service);
  add(table, Method::get, "/v1/agent/health/service/id/{id*}", get_agent_health_by_id);
  add(table, Method::get, "/v1/agent/health/service/name/{name*}", get_agent_health_by_name);
  add(table, Method::put, "/v1/agent/check/register", put_agent_check);
  add_put_and_get(table, "/v1/agent/check/deregister/{id*}", deregister_agent_check);
  add_put_and_get(table, "/v1/agent/check/pass/{id*}", pass_check);
  add_put_and_get(table, "/v1/agent/check/warn/{id*}", warn_check);
  add_put_and_get(table, "/v1/agent/check/fail/{id*}", fail_check);
  add(table, Method::put, "/v1/agent/check/update/{id*}", update_check);
}

void add_catalog(std::vector<Route>& table) {
  add(table, Method::put, "/v1/catalog/register", put_catalog_register);
  add(table, Method::put, "/v1/catalog/deregister", put_catalog_deregister);
  add(table, Method::get, "/v1/catalog/datacenters", get_catalog_datacenters);
  add(table, Method::get, "/v1/catalog/nodes", get_catalog_nodes);
  add(table, Method::get, "/v1/catalog/services", get_catalog_services);
  add(table, Method::get, "/v1/catalog/service/{name*}", get_catalog_service);
  add(table, Method::get, "/v1/catalog/node/{node*}", get_catalog_node);
  add(table, Method::get, "/v1/catalog/node-services/{node*}", get_catalog_node_services);
}

void add_health(std::vector<Route>& table) {
  add(table, Method::get, "/v1/health/service/{name*}", get_health_service);
  add(table, Method::get, "/v1/health/checks/{name*}", get_health_checks);
  add(table, Method::get, "/v1/health/node/{node*}", get_health_node);
  add(table, Method::get, "/v1/health/state/{state}", get_health_state);
  add(table, Method::get, "/v1/status/leader", get_status_leader);
  add(table, Method::get, "/v1/status/peers", get_status_peers);
}

void add_absent(std::vector<Route>& table) {
  for (const auto* pattern : {"/v1/kv/{key*}",
                              "/v1/session/{path*}",
                              "/v1/acl/{path*}",
                              "/v1/query",
                              "/v1/query/{path*}",
                              "/v1/event/{path*}",
                              "/v1/connect/{path*}",
                              "/v1/coordinate/{path*}",
                              "/v1/operator/{path*}",
                              "/v1/txn",
                              "/v1/snapshot",
                              "/v1/config",
                              "/v1/config/{path*}",
                              "/v1/internal/{path*}",
                              "/v1/discovery-chain/{path*}",
                              "/v1/health/connect/{path*}",
                              "/v1/health/ingress/{path*}",
                              "/v1/catalog/connect/{path*}",
                              "/v1/catalog/gateway-services/{path*}",
                              "/v1/agent/connect/{path*}",
                              "/v1/agent/token/{path*}",
                              "/v1/agent/join/{path*}",
                              "/v1/agent/force-leave/{path*}",
                              "/v1/agent/leave",
                              "/v1/agent/reload",
                              "/v1/agent/metrics",
                              "/v1/agent/monitor",
                              "/v1/agent/host",
                              "/v1/agent/maintenance"}) {
    for (const auto method : {Method::get, Method::put, Method::post, Method::del}) {
      add(table, method, pattern, absent);
    }
  }
}

std::vector<Route> make_table() {
  std::vector<Route> table;
  add_agent(table);
  add_catalog(table);
  add_health(table);
  add_absent(table);
  return table;
}

}  // namespace

std::span<const Route> routes() {
  static const std::vector<Route> table = make_table();
  return table;
}

}  // namespace api::consul
