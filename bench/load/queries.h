// The queries of a run, encoded once, and what came of them.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "bench/load/stats.h"

namespace load {

using Packet = std::vector<std::uint8_t>;

inline constexpr std::uint64_t kLost = 1'000'000'000;  // nanoseconds after which a query counts as lost

struct Totals {
  std::uint64_t sent = 0, answered = 0, lost = 0, strange = 0, octets = 0, records = 0, truncated = 0;
  std::uint64_t closed = 0, held = 0, alive = 0;  // TCP: connections that the server closed; those held besides
  std::array<std::uint64_t, 16> rcodes{};
  Histogram latency, lateness;

  void count(const std::uint8_t* reply, std::size_t size);
};

// Lines of "name TYPE".
[[nodiscard]] std::vector<Packet> read_queries(const std::string& path);

void print(const Totals& totals, double seconds);

}  // namespace load
