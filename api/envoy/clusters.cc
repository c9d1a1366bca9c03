#include "api/envoy/clusters.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cmath>

#include "api/envoy/endpoints.h"

namespace api::envoy {
namespace {

namespace json = boost::json;
using registry::OnEmpty;
using registry::Service;

// Where Envoy finds the endpoints: at the cluster of its bootstrap that is this server. Held requests make the delay
// between two of them what a change waits for; a request may take ten seconds, and a server that died is noticed then.
json::object eds_config(const std::string& server) {
  json::object source{{"api_type", "REST"},
                      {"transport_api_version", "V3"},
                      {"cluster_names", json::array{server}},
                      {"refresh_delay", "0.100s"},
                      {"request_timeout", "10s"}};
  return {{"resource_api_version", "V3"}, {"api_config_source", std::move(source)}};
}

// The share of available endpoints, in percent, below which Envoy asks all of them: as DNS does (fail_open_below,
// on_empty). 0 = never; Envoy's own default would be 50.
int panic_threshold(const registry::ServicePolicy& policy) {
  const int least = policy.on_empty == OnEmpty::fail_open || policy.fail_open_below > 0 ? 1 : 0;
  return std::max(least, static_cast<int>(std::lround(policy.fail_open_below * 100)));
}

const registry::ServicePolicy& policy_of(const App& app, const Service& service) {
  if (service.policy.alias.empty()) return service.policy;
  const auto* last = follow(app.registry(), service.name).last;
  return last ? last->policy : service.policy;
}

}  // namespace

std::string cluster_text(const App& app, std::string_view name, const Service& service) {
  const auto& policy = policy_of(app, service);
  json::object eds{{"service_name", name}, {"eds_config", eds_config(app.options.envoy.cluster)}};
  json::object panic{{"healthy_panic_threshold", json::object{{"value", panic_threshold(policy)}}}};
  return json::serialize(json::object{{"@type", kClustersType},
                                      {"name", name},
                                      {"type", "EDS"},
                                      {"connect_timeout", "1s"},
                                      {"eds_cluster_config", std::move(eds)},
                                      {"common_lb_config", std::move(panic)}});
}

bool concerns_clusters(const registry::ChangeSet& changes) {
  return std::ranges::find(changes.changes, registry::ChangeKind::service, &registry::Change::kind) !=
         changes.changes.end();
}

ClusterList::ClusterList(App& app)
    : app_(app), subscription_(app.context.feed.subscribe("", [this](const registry::ChangeSet& changes) {
        if (concerns_clusters(changes)) current_ = false;
      })) {}

void ClusterList::make() {
  const auto& registry = app_.registry();
  const auto& apex = app_.options.envoy.ns;
  text_.clear();
  const auto add = [&](const Service& service) {
    if (!text_.empty()) text_ += ',';
    text_ += cluster_text(app_, service.name.text(), service);
    return text_.size() <= kMaxAnswer;
  };
  if (apex.empty()) {
    for (const auto& [key, service] : registry.services()) {
      if (!add(service)) return;
    }
  } else {
    for (const auto key : registry.services_of(apex)) {
      if (!add(*registry.find_service(key))) return;
    }
  }
}

registry::Result<std::string_view> ClusterList::text() {
  if (!std::exchange(current_, true)) make();
  if (text_.size() <= kMaxAnswer) return text_;
  return registry::fail(registry::ProblemKind::bad_request,
                        fmt::format("the clusters of all services are over {} octets", kMaxAnswer),
                        "name some in resource_names, or set [envoy] namespace");
}

}  // namespace api::envoy
