// What Envoy asks for: the DiscoveryRequest of xDS as JSON (envoy/service/discovery/v3/discovery.proto). Pure.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "api/http_message.h"
#include "registry/problem.h"

namespace api::envoy {

// Over REST each cluster of Envoy asks for itself alone; other clients ask for as many as one batch holds writes.
inline constexpr std::size_t kMaxNames = 1000;

struct DiscoveryRequest {
  std::string version;          // of the last answer that was accepted; "" = none yet
  std::string nonce;            // of the last answer, from clients that give it back
  bool rejected = false;        // that answer was refused (error_detail)
  std::set<std::string> names;  // as asked: answers name their resources so
};

// Members in both spellings of protobuf's JSON (version_info, versionInfo); unknown ones are ignored, as Envoy's `node`
// grows with every version. A type other than the path's is an error; none at all is the path's.
[[nodiscard]] registry::Result<DiscoveryRequest> read_request(std::string_view body, std::string_view type_url);

// How long an answer may be held back: four fifths of the time after which Envoy gives the request up, which leaves the
// rest to the network. Envoy says it in a header; else it is Envoy's default for api_config_source, one second.
[[nodiscard]] registry::Millis hold_time(const Request& request);

}  // namespace api::envoy
