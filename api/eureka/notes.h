// What Eureka's API gives back and the registry has no place for: the member "eureka" of InstanceDef::foreign. Holds
// what differs from what can be told without it, so that an instance of the native API has none of it.
#pragma once

#include <array>
#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/eureka/status.h"
#include "registry/definition.h"

namespace api::eureka {

namespace json = boost::json;

// Members that are given back as they came; what is not here has no place in Eureka either.
inline constexpr std::array<std::string_view, 11> kTexts = {"appGroupName",
                                                            "homePageUrl",
                                                            "statusPageUrl",
                                                            "healthCheckUrl",
                                                            "secureHealthCheckUrl",
                                                            "vipAddress",
                                                            "secureVipAddress",
                                                            "asgName",
                                                            "countryId",
                                                            "sid",
                                                            "isCoordinatingDiscoveryServer"};
// Java's clients know no others.
inline constexpr std::array<std::string_view, 3> kDataCenters = {"MyOwn", "Amazon", "Netflix"};

inline constexpr std::int64_t kRenewalInterval = 30;  // seconds, the clients' default
inline constexpr std::int64_t kLeaseDuration = 90;
inline constexpr std::uint16_t kPort = 80, kSecurePort = 443;  // shown where there is none

struct Notes {
  std::string app;                                      // its name where the label does not give it back
  std::string host_name;                                // "" = the address
  Status status = Status::up;                           // as the client says
  std::optional<Status> override_status;                // as an operator says; see override_of()
  std::int64_t registered = 0, updated = 0, dirty = 0;  // milliseconds since 1970; 0 = unknown
  std::int64_t renewal_interval = kRenewalInterval;     // seconds
  std::int64_t duration = 0;                            // of the lease, seconds; 0 = as long as it lasts here
  std::optional<std::uint16_t> port;                    // of one that is not enabled
  std::optional<std::uint16_t> secure_port;             // likewise
  json::object data_center;                             // name, metadata; empty = MyOwn
  json::object metadata;                                // pairs that are too long for meta
  json::object texts;                                   // vipAddress, homePageUrl, ...: as they came
  bool operator==(const Notes&) const = default;
};

// A native PUT may have left anything there: what is no pair of texts, or no member that Eureka knows, is not read, for
// one such instance would keep clients from reading any.
[[nodiscard]] Notes read_notes(const registry::InstanceDef& def);
void write_notes(const Notes& notes, registry::InstanceDef& def);  // what other interfaces keep there stays

// Metadata is meta, which DNS publishes as TXT, as far as it fits there.
void set_metadata(registry::InstanceDef& def, Notes& notes, const std::string& key, const std::string& value);

}  // namespace api::eureka
