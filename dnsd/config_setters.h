// Setters for the table of settings: from a value of the file to a member of Config. Internal to dnsd/config*.cc.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "dnsd/config_settings.h"

// Which member a setter writes.
#define FIELD(expression) \
  [](Config & c) -> auto& { return c.expression; }

namespace dnsd::config {

inline constexpr std::int64_t kSecond = 1000, kMinute = 60 * kSecond, kHour = 60 * kMinute;
inline constexpr std::int64_t kMiB = 1 << 20;
inline constexpr std::size_t kMaxListen = 64;  // each address has its own threads and sockets

inline auto list_of_endpoints(auto member) {
  return [member](Config& config, const Value& value) -> Complaint {
    auto endpoint = parse_address_port(value.text);
    if (!endpoint) return endpoint.error();
    auto& list = member(config);
    const auto same = [&](const auto& other) {
      return other.address == endpoint->address && other.port == endpoint->port && endpoint->port != 0;
    };
    if (std::ranges::any_of(list, same)) return fmt::format("\"{}\" is listed twice", value.text);
    if (list.size() == kMaxListen) return fmt::format("at most {} addresses", kMaxListen);
    list.push_back({endpoint->address, endpoint->port});
    return std::nullopt;
  };
}

inline std::string no_prefix(std::string_view text) {
  return fmt::format(
      "\"{}\" is not an address block; write 10.0.0.0/8 (bits after the prefix are zero), fd00::/8 or one address",
      text);
}

inline auto list_of_prefixes(auto member) {
  return [member](Config& config, const Value& value) -> Complaint {
    const auto prefix = registry::parse_prefix(value.text);
    if (!prefix) return no_prefix(value.text);
    member(config).push_back(*prefix);
    return std::nullopt;
  };
}

inline auto number(auto member) {
  return [member](Config& config, const Value& value) -> Complaint {
    auto& field = member(config);
    field = static_cast<std::remove_reference_t<decltype(field)>>(value.number);
    return std::nullopt;
  };
}

inline auto boolean(auto member) {
  return [member](Config& config, const Value& value) -> Complaint {
    member(config) = value.number != 0;
    return std::nullopt;
  };
}

inline auto fraction(auto member) {
  return [member](Config& config, const Value& value) -> Complaint {
    member(config) = value.fraction;
    return std::nullopt;
  };
}

inline auto duration(auto member) {
  return [member](Config& config, const Value& value) -> Complaint {
    member(config) = registry::Millis(value.number);
    return std::nullopt;
  };
}

inline auto short_text(std::size_t most, auto member) {  // goes into one TXT string or EDNS option
  return [most, member](Config& config, const Value& value) -> Complaint {
    if (value.text.size() > most) return fmt::format("at most {} octets fit", most);
    member(config) = value.text;
    return std::nullopt;
  };
}

template <class T>
auto choice(auto member, std::vector<std::pair<std::string_view, T>> values) {
  return [member, values](Config& config, const Value& value) -> Complaint {
    std::string known;
    for (const auto& [name, meaning] : values) {
      if (name == value.text) {
        member(config) = meaning;
        return std::nullopt;
      }
      known += fmt::format("{}\"{}\"", known.empty() ? "" : ", ", name);
    }
    return fmt::format("\"{}\" is not known here; one of {}", value.text, known);
  };
}

}  // namespace dnsd::config
