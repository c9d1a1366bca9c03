// The flags of `register` and `run` as the JSON of HTTP.md.
#pragma once

#include <boost/json/object.hpp>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ctl {

struct RegistrationFlags {
  std::string endpoint;  // "10.0.1.7:9000", "[fd00::7]:9000", "db.example.net:5432", "auto:9000", "10.0.1.7"
  std::string id;        // empty = made from the endpoint, the same every time
  std::vector<std::string> checks, tags, meta, ports;
  std::optional<std::string> lease, zone, node, protocol, deregister_after;
  std::optional<int> weight, priority;
};

struct Registration {
  std::string id;
  boost::json::object body;
};
// The error is a sentence for the user (exit code 2). What only the server can judge is left to it.
[[nodiscard]] std::expected<Registration, std::string> make_registration(const RegistrationFlags& flags);

// "http:/healthz", "http:9100/healthz", "https:/", "tcp", "tcp:9100", "heartbeat:30s", each with ",interval=1s" and so
// on.
[[nodiscard]] std::expected<boost::json::object, std::string> parse_check_flag(std::string_view text);

}  // namespace ctl
