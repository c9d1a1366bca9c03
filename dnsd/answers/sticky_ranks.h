// Which instances a client of a sticky service gets: the same ones, in the same order, as long as they are available.
//
// Clients fall into kBuckets by their prefix. Each bucket ranks the tier by weighted rendezvous hashing: every instance
// draws -ln(u) / weight with u from a hash of the bucket and its label, and the smallest draws win. An instance that
// leaves is replaced by the next in rank, the others keep their order; an instance that comes takes one place of those
// buckets that it wins. Shares of the first place are in proportion to the weights, over the buckets. Ranking 5,000
// instances for all buckets takes some 30 ms, so a block's ranks are mended from those of the block before it.
//
// Control thread; the ranks are immutable then, and read by workers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "dnsd/answers/block.h"

namespace dnsd::answers {

inline constexpr std::uint32_t kBuckets = 1024;  // a power of two; MECHANISMS 6
// Of what is answered beyond these places the order is the tier's own. 64 A records fill a UDP answer of 1,232 octets.
inline constexpr std::uint16_t kMaxRanked = 64;
inline constexpr std::uint16_t kNoRank = 0xffff;  // fills the list of a tier smaller than its width

struct StickyRank {  // of one instance in one bucket; the smallest is first
  float draw;
  std::uint64_t tie;
  std::uint16_t index;
  bool operator<(const StickyRank& other) const noexcept {
    return draw != other.draw ? draw < other.draw : tie < other.tie;
  }
};
[[nodiscard]] std::uint64_t sticky_name(std::string_view label) noexcept;  // folded, with its length
[[nodiscard]] StickyRank sticky_rank(std::uint32_t bucket, std::uint64_t name, std::uint64_t weight,
                                     std::uint16_t index) noexcept;

// The first `width` by rank.
class StickyPlaces {
 public:
  explicit StickyPlaces(std::size_t width) noexcept : width_(width) {}
  void clear() noexcept { size_ = 0; }
  void offer(const StickyRank& rank) noexcept {
    if (size_ == width_ && !(rank < places_[size_ - 1])) return;
    if (size_ < width_) ++size_;
    auto* at = places_.data() + size_ - 1;
    for (; at != places_.data() && rank < at[-1]; --at) *at = at[-1];
    *at = rank;
  }
  // The same, without the logarithm for most of those that come too late: -ln(u) is at least 1 - u.
  void offer(std::uint32_t bucket, std::uint64_t name, std::uint64_t weight, std::uint16_t index) noexcept;
  void write(std::uint16_t* list) const noexcept {
    for (std::size_t i = 0; i < width_; ++i) list[i] = i < size_ ? places_[i].index : kNoRank;
  }

 private:
  std::size_t width_, size_ = 0;
  std::array<StickyRank, kMaxRanked> places_;
};

struct StickyRanks {
  std::uint16_t width = 0;
  // [bucket * width + place]: index in the tier. Where families differ in the tier, or repeat addresses, a second such
  // array for IPv6 follows.
  std::vector<std::uint16_t> entries;
};

// `block` is complete but for its ranks. `before`: an earlier block of the same service, or null.
[[nodiscard]] StickyRanks sticky_ranks(const ServiceBlock& block, const ServiceBlock* before);

// The list of a bucket for the family `flag` (Entry::kAnswerV4 or kAnswerV6), block.ranked places.
[[nodiscard]] inline const std::uint16_t* ranks_of(const ServiceBlock& block, std::uint16_t flag,
                                                   std::uint32_t bucket) noexcept {
  const bool two = !block.has(ServiceBlock::kUniform) || block.has(ServiceBlock::kGroups);
  const std::uint32_t list = two && flag == Entry::kAnswerV6 ? kBuckets + bucket : bucket;
  return block.at<std::uint16_t>(block.ranks) + list * std::size_t{block.ranked};
}

}  // namespace dnsd::answers
