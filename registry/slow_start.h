// Slow start: an instance that becomes available gets its weight in equal steps over the service's `slow_start`. Pure.
#pragma once

#include <cstdint>

#include "registry/basics.h"

namespace registry {

inline constexpr std::uint8_t kFullShare = 32;  // steps, and parts of a weight

// Which step it is after `elapsed`: 1 .. kFullShare.
[[nodiscard]] std::uint8_t share_after(Mono::duration elapsed, Millis slow_start);
// When the step after `share` comes, counted from the beginning.
[[nodiscard]] Mono::duration time_of_next(std::uint8_t share, Millis slow_start);
// The moment at or after `time` when all of the service take their steps: ten thousand instances that start one after
// the other make one change of their service at a time, not ten thousand. The grid is a step wide, so that a step comes
// at most one step late, and at least kLeastStep.
[[nodiscard]] Mono on_grid(Mono time, Millis slow_start);
inline constexpr Millis kLeastStep{100};
// Never an accidental 0, which would mean "only when all are 0" (RFC 2782).
[[nodiscard]] std::uint16_t part_of(std::uint16_t weight, std::uint8_t share);

}  // namespace registry
