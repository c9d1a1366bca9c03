#include "dnsd/serve/in_hand.h"

#include <algorithm>
#include <chrono>

#include "dnsd/answers/block.h"
#include "dnsd/serve/batch.h"

namespace dnsd::serve {

// The count is never taken anew: what was replaced after take() may be what the answers still to come are made of.
void InHand::judge(std::span<const Reply> replies) noexcept {
  for (const Reply& reply : replies) {
    if (reply.hand_over == Handover::none) note(reply);
  }
  const auto now = std::chrono::steady_clock::now();
  const auto is_late = [&](Block block) {
    const auto replaced = block->replaced_at();
    return replaced && now - *replaced > kLate;
  };
  bump(late_, static_cast<std::uint64_t>(std::count_if(blocks_.get(), blocks_.get() + count_, is_late)));
}

}  // namespace dnsd::serve
