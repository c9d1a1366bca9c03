// EDS: a service's instances as a ClusterLoadAssignment (envoy/config/endpoint/v3/endpoint.proto).
//
// Envoy gets what is registered, with its health, and not only what is available: its own panic threshold counts both.
// What DNS would never answer, not even when it fails open, is left out: what people took out by an override, and what
// has not passed a check yet. A service that is not there has an assignment without endpoints: an assignment that is
// missing would leave the old endpoints in use.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "api/app.h"

namespace api::envoy {

inline constexpr std::string_view kEndpointsType = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment";

// What a name asks for: a service ("worker.corp"), or a named port of it ("_metrics._tcp.worker.corp").
struct Asked {
  registry::DomainName service;
  std::string port;                                       // folded; "" = the default port
  registry::Protocol protocol = registry::Protocol::tcp;  // of a named port
};
[[nodiscard]] std::optional<Asked> parse_resource(std::string_view name);

// From a service along the aliases that stand in for it.
struct Chain {
  std::vector<std::string> keys;            // all of them, folded: whose changes matter
  std::vector<registry::Revision> states;   // the index of each, 0 where it is not there
  const registry::Service* last = nullptr;  // whose instances are meant; null = there is none
};
[[nodiscard]] Chain follow(const registry::Registry& registry, const registry::DomainName& name);

// Assignments as JSON texts. Thousands of Envoys ask for the same few: those of late are kept. Control thread.
class Assignments {
 public:
  explicit Assignments(App& app) : app_(app) {}
  [[nodiscard]] const std::string& text(const std::string& name);  // valid until the next call

 private:
  struct Made {
    std::string name;
    std::vector<registry::Revision> states;
    std::string text;
  };
  App& app_;
  std::array<Made, 16> made_;
  std::string large_;  // made for this call alone
};

}  // namespace api::envoy
