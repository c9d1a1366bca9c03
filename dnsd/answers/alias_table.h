// Vose's alias method: one draw in constant time, whatever the weights. Built at publish.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dnsd/answers/block.h"

namespace dnsd::answers {

// Weights are not all zero. Shares are exact to 1/65,536 of a slot. A weight of 0 is never drawn.
[[nodiscard]] std::vector<AliasSlot> build_alias_table(std::span<const std::uint32_t> weights);

}  // namespace dnsd::answers
