#include "api/eureka/routes.h"

#include <deque>
#include <string>

#include "api/eureka/handlers.h"

namespace api::eureka {
namespace {

// Clients differ in the root that they are given, and in whether a path ends with a slash.
struct Table {
  std::vector<Route> routes;
  std::deque<std::string> patterns;  // what the routes point into

  template <class Handler>
  void add(Method method, std::string_view path, Handler* handler) {
    for (const auto* root : {"/eureka", "/eureka/v2", "/eureka/v1"}) {
      for (const auto* end : {"", "/"}) {
        auto& pattern = patterns.emplace_back(root);
        pattern.append(path).append(end);
        Route route{method, pattern, handler, {}, {}};
        route.dialect = &kDialect;
        routes.push_back(std::move(route));
      }
    }
  }
};

Table make_table() {
  Table table;
  table.add(Method::get, "/apps", get_applications);
  table.add(Method::get, "/apps/delta", get_delta);
  table.add(Method::get, "/apps/{app}", get_application);
  table.add(Method::post, "/apps/{app}", post_instance);
  table.add(Method::get, "/apps/{app}/{id}", get_instance);
  table.add(Method::put, "/apps/{app}/{id}", put_heartbeat);
  table.add(Method::del, "/apps/{app}/{id}", delete_instance);
  table.add(Method::put, "/apps/{app}/{id}/status", put_status);
  table.add(Method::del, "/apps/{app}/{id}/status", delete_status);
  table.add(Method::put, "/apps/{app}/{id}/metadata", put_metadata);
  table.add(Method::get, "/instances/{id}", get_instance_by_id);
  table.add(Method::get, "/vips/{vip}", get_vip);
  table.add(Method::get, "/svips/{vip}", get_secure_vip);
  return table;
}

}  // namespace

std::span<const Route> routes() {
  static const Table table = make_table();
  return table.routes;
}

}  // namespace api::eureka
