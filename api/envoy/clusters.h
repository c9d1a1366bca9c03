// CDS: services as clusters whose endpoints come by EDS (envoy/config/cluster/v3/cluster.proto).
#pragma once

#include <string>
#include <string_view>

#include "api/app.h"

namespace api::envoy {

inline constexpr std::string_view kClustersType = "type.googleapis.com/envoy.config.cluster.v3.Cluster";

// What one answer may hold at most: Envoy takes no more from its own HTTP client (http.async_response_buffer_limit).
inline constexpr std::size_t kMaxAnswer = 32 << 20;

// One cluster as JSON. What Envoy does when too few instances are available, the policy says of the service that they
// are of: of an alias the other one, as in DNS.
[[nodiscard]] std::string cluster_text(const App& app, std::string_view name, const registry::Service& service);

// Registrations, states and weights do not matter to the list of clusters.
[[nodiscard]] bool concerns_clusters(const registry::ChangeSet& changes);

// The clusters of all services (of [envoy] namespace), with commas between: made once per change, for all who ask.
// Control thread.
class ClusterList {
 public:
  explicit ClusterList(App& app);
  [[nodiscard]] registry::Result<std::string_view> text();  // valid until the next call

 private:
  void make();
  App& app_;
  std::string text_;
  bool current_ = false;
  registry::Feed::Subscription subscription_;
};

}  // namespace api::envoy
