// What is asked of an upstream, and what its answer is kept under.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "dnsd/wire/query.h"

namespace dnsd::forward {

struct Question {
  std::string name;  // wire form, ASCII lower case: however it is spelled, it is one question
  std::uint16_t type = 0;
  bool dnssec_ok = false;          // DO
  bool checking_disabled = false;  // CD
  bool operator==(const Question&) const = default;
};

[[nodiscard]] inline bool checking_disabled(std::span<const std::uint8_t> packet) { return (packet[3] & 0x10) != 0; }
// `query` was parsed from `packet`; class IN.
[[nodiscard]] Question question_of(const wire::Query& query, std::span<const std::uint8_t> packet);

inline constexpr std::size_t kUpstreamUdpSize = 1232;  // DNS flag day 2020; more comes over TCP
// A query with RD and a bare OPT, eleven octets at its end: c-ares takes it off for a server that does not know EDNS.
[[nodiscard]] std::vector<std::uint8_t> query_for(const Question& question, std::uint16_t id);

}  // namespace dnsd::forward
