#include "dnsd/answers/reclaim.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace dnsd::answers {

Reclaimer::Reader& Reclaimer::add_reader() {
  readers_.push_back(std::make_unique<Reader>());
  return *readers_.back();
}

void Reclaimer::retire(std::move_only_function<void()> free) {
  retired_.push_back({epoch_.load(std::memory_order_relaxed), std::move(free)});
  retirements_.store(retirements_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
}

std::uint64_t Reclaimer::advance() { return epoch_.fetch_add(1, std::memory_order_acq_rel); }

// The smallest epoch that a reader is online with; whatever was replaced in an earlier one is out of every reader's
// hands. A read-modify-write although nothing changes: see online().
std::uint64_t Reclaimer::oldest() const {
  auto oldest = std::numeric_limits<std::uint64_t>::max();
  for (const auto& reader : readers_) {
    const auto seen = reader->seen.fetch_add(0, std::memory_order_acq_rel);
    if (seen != 0) oldest = std::min(oldest, seen);
  }
  return oldest;
}

bool Reclaimer::passed(std::uint64_t epoch) const { return oldest() > epoch; }

std::size_t Reclaimer::collect() {
  if (retired_.empty()) return 0;
  // Blocks of the current epoch can only be told from later ones once the epoch has moved.
  if (retired_.back().epoch == epoch_.load(std::memory_order_relaxed)) advance();
  const auto bound = oldest();
  std::size_t freed = 0;
  while (!retired_.empty() && retired_.front().epoch < bound) {
    retired_.front().free();
    retired_.pop_front();
    ++freed;
  }
  return freed;
}

}  // namespace dnsd::answers
