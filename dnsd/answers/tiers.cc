#include "dnsd/answers/tiers.h"

#include <algorithm>
#include <cmath>

namespace dnsd::answers {

std::uint32_t needed(std::uint32_t members, double fail_open_below) {
  // 0.1 of 30 is 3.0000000000000004 in binary, and means 3.
  constexpr double kRounding = 1e-9;
  return static_cast<std::uint32_t>(std::ceil(fail_open_below * members - kRounding));
}

TierChoice choose_tier(std::span<const Tier> tiers, double fail_open_below, bool open_when_empty) {
  for (const Tier& tier : tiers) {
    if (tier.available != 0 && tier.available >= needed(tier.members, fail_open_below)) return {tier.priority, false};
  }
  const auto alive = std::ranges::find_if(tiers, [](const Tier& tier) { return tier.available != 0; });
  if (alive != tiers.end()) return {alive->priority, true};
  if (fail_open_below <= 0 && !open_when_empty) return {};
  const auto any = std::ranges::find_if(tiers, [](const Tier& tier) { return tier.members != 0; });
  if (any != tiers.end()) return {any->priority, true};
  return {};
}

}  // namespace dnsd::answers
