// Words that every part of the registry shares: revisions, the two clocks, addresses.
//
// Time never comes from inside the registry: every call that depends on time takes a `Now`. Deadlines use the
// monotonic clock only (a step of the wall clock must not expire a lease); the wall clock is for people.
#pragma once

#include <array>
#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace registry {

// One counter for every change of the registry, facts and observations alike. Never runs backwards, also not over
// a crash (registry/store keeps a high-water mark ahead of use). 0 = nothing yet.
using Revision = std::uint64_t;

using Mono = std::chrono::steady_clock::time_point;
using Wall = std::chrono::sys_time<std::chrono::milliseconds>;
using Millis = std::chrono::milliseconds;

struct Now {
  Mono mono;
  Wall wall;
};

struct Ipv4 {
  std::array<std::uint8_t, 4> octets{};
  auto operator<=>(const Ipv4&) const = default;
};

struct Ipv6 {
  std::array<std::uint8_t, 16> octets{};
  auto operator<=>(const Ipv6&) const = default;
};

// What an instance listens on: at most one address per family.
struct Addresses {
  std::optional<Ipv4> v4;
  std::optional<Ipv6> v6;
  auto operator<=>(const Addresses&) const = default;
  [[nodiscard]] bool empty() const { return !v4 && !v6; }
};

enum class Family : std::uint8_t { any, ipv4, ipv6 };

// Textual forms, strict: dotted quad with four decimal parts; RFC 4291 with RFC 5952 output. No zone identifiers.
[[nodiscard]] std::optional<Ipv4> parse_ipv4(std::string_view text);
[[nodiscard]] std::optional<Ipv6> parse_ipv6(std::string_view text);
[[nodiscard]] std::string to_string(const Ipv4& address);
[[nodiscard]] std::string to_string(const Ipv6& address);

// An address block such as 10.0.0.0/8; host bits must be zero. Used by allow lists and overrides.
struct Prefix {
  std::array<std::uint8_t, 16> octets{};  // IPv4 in the first four
  std::uint8_t bits = 0;
  bool v6 = false;
  [[nodiscard]] bool contains(const Ipv4& address) const;
  [[nodiscard]] bool contains(const Ipv6& address) const;
  auto operator<=>(const Prefix&) const = default;
};
[[nodiscard]] std::optional<Prefix> parse_prefix(std::string_view text);  // a bare address is a full-length prefix
[[nodiscard]] std::string to_string(const Prefix& prefix);

// "500ms", "5s", "10m", "1h30m", "2d": decimal integers with a unit, largest first. Nothing else (no bare numbers).
[[nodiscard]] std::optional<Millis> parse_duration(std::string_view text);
[[nodiscard]] std::string format_duration(Millis duration);  // the shortest of the same grammar; "0s" for zero
[[nodiscard]] std::string format_time(
    Wall time);  // RFC 3339, UTC, "2026-01-01T00:00:00Z", milliseconds only when not 0

}  // namespace registry
