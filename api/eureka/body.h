// The body of a registration, JSON or XML, read leniently: numbers may be text, flags too, a port may be bare.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/eureka/notes.h"

namespace api::eureka {

struct Port {
  std::optional<std::uint16_t> number;
  bool enabled = false;
};

struct Body {
  std::string id;  // instanceId, else Amazon's instance-id, else the host name
  std::string app, host_name, ip;
  Status status = Status::up;
  Port port, secure_port;
  bool has_data_center = false;
  json::object data_center;                                                  // name, metadata
  std::int64_t lease = kLeaseDuration, renewal_interval = kRenewalInterval;  // seconds
  std::int64_t dirty = 0;                                                    // milliseconds since 1970; 0 = not told
  std::vector<std::pair<std::string, std::string>> metadata;
  json::object texts;
};

// The error is a sentence for the user.
[[nodiscard]] std::expected<Body, std::string> read_body(std::string_view content_type, std::string_view text);

// What Eureka refuses, in its words and order. `app` is the one in the path, in upper case.
[[nodiscard]] std::optional<std::string> missing_in(const Body& body, std::string_view app);

[[nodiscard]] std::string to_upper(std::string_view text);  // ASCII
// All of it must be digits.
[[nodiscard]] std::optional<std::int64_t> parse_number(std::string_view text);

}  // namespace api::eureka
