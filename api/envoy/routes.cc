#include "api/envoy/routes.h"

#include <fmt/format.h>

#include "api/envoy/clusters.h"
#include "api/envoy/discovery.h"
#include "api/envoy/endpoints.h"
#include "api/problem.h"

namespace api::envoy {
namespace {

using boost::asio::awaitable;
using registry::Result;

// Appends one more; false when the answer would become too long.
bool add(std::string& all, std::string_view text) {
  if (!all.empty()) all += ',';
  all += text;
  return all.size() <= kMaxAnswer;
}

registry::Problem too_long() {
  return {registry::ProblemKind::bad_request,
          fmt::format("the answer is over {} octets", kMaxAnswer),
          {},
          "ask for fewer resource_names at once"};
}

Result<std::string> endpoints(App& app, const DiscoveryRequest& asked) {
  if (asked.names.empty()) {
    return registry::fail(registry::ProblemKind::bad_request, "\"resource_names\" is empty: which services?");
  }
  std::string all;
  for (const auto& name : asked.names) {
    if (!add(all, app.part<Assignments>().text(name))) return std::unexpected(too_long());
  }
  return all;
}

std::vector<std::string> endpoint_keys(const App& app, const DiscoveryRequest& asked) {
  std::vector<std::string> keys;
  for (const auto& name : asked.names) {
    const auto parsed = parse_resource(name);
    if (!parsed) continue;
    auto chain = follow(app.registry(), parsed->service);
    keys.insert(keys.end(), std::make_move_iterator(chain.keys.begin()), std::make_move_iterator(chain.keys.end()));
  }
  return keys;
}

bool wants_all(const DiscoveryRequest& asked) { return asked.names.empty() || asked.names.contains("*"); }

Result<std::string> clusters(App& app, const DiscoveryRequest& asked) {
  if (wants_all(asked)) {
    const auto text = app.part<ClusterList>().text();
    if (!text) return std::unexpected(text.error());
    return std::string(*text);
  }
  std::string all;
  for (const auto& name : asked.names) {
    const auto parsed = parse_resource(name);
    const auto* service = parsed ? app.registry().find_service(parsed->service.key()) : nullptr;
    if (service && !add(all, cluster_text(app, name, *service))) return std::unexpected(too_long());
  }
  return all;
}

std::vector<std::string> cluster_keys(const App& app, const DiscoveryRequest& asked) {
  if (wants_all(asked)) return {""};
  return endpoint_keys(app, asked);
}

constexpr Discovery kEndpoints{kEndpointsType, endpoints, endpoint_keys, nullptr};
constexpr Discovery kClusters{kClustersType, clusters, cluster_keys, concerns_clusters};

awaitable<Response> post_endpoints(App& app, Request& request) { return discover(app, request, kEndpoints); }
awaitable<Response> post_clusters(App& app, Request& request) { return discover(app, request, kClusters); }

Response error(const ProblemType& type, const registry::Problem& problem) { return problem_response(type, problem); }

std::string_view host(const Options& options) { return options.envoy.cluster; }

constinit const Dialect kDialect{.name = "envoy", .error = error, .host = host};

Route route_of(std::string_view pattern, AsyncHandler handler, std::string_view summary) {
  Route route{Method::post, pattern, handler, {}, summary};
  route.body = BodySize::batch;  // `node` lists every extension that Envoy was built with: over 64 KiB
  route.dialect = &kDialect;
  return route;
}

}  // namespace

std::span<const Route> routes() {
  static const std::vector<Route> table{
      route_of("/v3/discovery:endpoints", post_endpoints, "EDS: the endpoints of services"),
      route_of("/v3/discovery:clusters", post_clusters, "CDS: the services as clusters"),
  };
  return table;
}

}  // namespace api::envoy
