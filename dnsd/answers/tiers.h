// Which priority tier answers for a service's name, and whether it opens: is answered with what is not available
// (DESIGN section 5). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace dnsd::answers {

struct Tier {
  std::uint16_t priority = 0;
  std::uint32_t members = 0;  // with an address: available, or answerable as a last resort
  std::uint32_t available = 0;
};

struct TierChoice {
  std::optional<std::uint16_t> priority;  // unset: nothing to answer with
  bool opens = false;
};

// How many of `members` must be available for a tier to stay as it is: gdnsd's and Envoy's threshold, rounded up. 0 =
// no threshold.
[[nodiscard]] std::uint32_t needed(std::uint32_t members, double fail_open_below);

// `tiers` best first. With a threshold: the first tier that meets it; else the first with any available instance opens;
// else the first with any member. Without one: the first with any available instance; else, if `open_when_empty`, the
// first with any member opens.
[[nodiscard]] TierChoice choose_tier(std::span<const Tier> tiers, double fail_open_below, bool open_when_empty);

}  // namespace dnsd::answers
