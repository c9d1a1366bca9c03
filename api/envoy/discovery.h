// The REST variant of xDS: Envoy asks again and again; a request that names the version which is still current is held
// until something changes, and answered with 304 at the end, which Envoy takes for "as before" (its RestApiFetcher).
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "api/app.h"
#include "api/envoy/request.h"

namespace api::envoy {

// What one path serves.
struct Discovery {
  std::string_view type_url;
  // The resources asked for, as JSON with commas between.
  registry::Result<std::string> (*resources)(App& app, const DiscoveryRequest& asked) = nullptr;
  // What registry::Feed wakes it for, and which of those changes matter.
  std::vector<std::string> (*keys)(const App& app, const DiscoveryRequest& asked) = nullptr;
  bool (*concerns)(const registry::ChangeSet& changes) = nullptr;
};

// Both live until it is answered.
[[nodiscard]] boost::asio::awaitable<Response> discover(App& app, Request& request, const Discovery& discovery);

}  // namespace api::envoy
