#include "api/consul/routes.h"

#include "api/consul/handlers.h"

namespace api::consul {
namespace {

template <class Handler>
void add(std::vector<Route>& table, Method method, std::string_view pattern, Handler* handler,
         Access access = Access::token) {
  Route route{method, pattern, handler, {}, {}};
  route.access = access;
  route.dialect = &kDialect;
  table.push_back(std::move(route));
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
  add_absent(table);
  return table;
}

}  // namespace

std::span<const Route> routes() {
  static const std::vector<Route> table = make_table();
  return table;
}

}  // namespace api::consul
