// The DNS path's clock: 100 ms ticks of the coarse monotonic clock, 32 bits (13 years), read once a batch.
// The same clock for the publisher (horizons, drain) and the workers.
#pragma once

#include <time.h>

#include <atomic>
#include <chrono>
#include <cstdint>

#include "registry/basics.h"

namespace dnsd::answers {

inline constexpr registry::Millis kTick{100};
inline constexpr std::uint32_t kTicksPerSecond = 10;

[[nodiscard]] inline std::uint32_t to_ticks(registry::Mono at) noexcept {  // rounds down; Mono::max() -> UINT32_MAX
  const auto ticks = std::chrono::duration_cast<registry::Millis>(at.time_since_epoch()) / kTick;
  if (ticks < 0) return 0;
  return ticks >= UINT32_MAX ? UINT32_MAX : static_cast<std::uint32_t>(ticks);
}
[[nodiscard]] inline registry::Mono from_ticks(std::uint32_t tick) noexcept {
  return registry::Mono(std::chrono::duration_cast<registry::Mono::duration>(tick * kTick));
}
[[nodiscard]] inline std::uint32_t ticks_now() noexcept {
  timespec ts;
  clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);  // steady_clock is CLOCK_MONOTONIC: same zero
  return static_cast<std::uint32_t>(static_cast<std::uint64_t>(ts.tv_sec) * 10 +
                                    static_cast<std::uint64_t>(ts.tv_nsec) / 100'000'000);
}

// Never backwards, also where others raise it at the same time.
inline void raise(std::atomic<std::uint32_t>& tick, std::uint32_t to) noexcept {
  std::uint32_t now = tick.load(std::memory_order_relaxed);
  while (now < to && !tick.compare_exchange_weak(now, to, std::memory_order_relaxed)) {
  }
}

// As a TTL field holds it: rounded down, never below 0.
[[nodiscard]] inline std::uint32_t whole_seconds(registry::Millis d) noexcept {
  return d < registry::Millis{0} ? 0 : static_cast<std::uint32_t>(std::chrono::floor<std::chrono::seconds>(d).count());
}

}  // namespace dnsd::answers
