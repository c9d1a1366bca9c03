// Which instances an address answer holds, and in which order (MECHANISMS 6).
//
// Instances are ranked, then those of the asked family kept, all from one seed: the A and the AAAA answer of one
// getaddrinfo() name the same instances, and a service of mixed families never gives a false NODATA.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "dnsd/answers/block.h"
#include "dnsd/answers/sticky_ranks.h"
#include "dnsd/serve/answer.h"
#include "dnsd/serve/random.h"

namespace dnsd::serve {

// The tier that answers for a service's own name.
class BlockTier {
 public:
  BlockTier(const answers::ServiceBlock& block, bool v6) noexcept
      : block_(block),
        tier_(block.entries() + block.tier_begin),
        groups_(block.has(answers::ServiceBlock::kGroups) ? block.groups_of(v6, block.tier_begin) : nullptr),
        flag_(v6 ? answers::Entry::kAnswerV6 : answers::Entry::kAnswerV4) {}

  [[nodiscard]] std::uint32_t size() const noexcept { return block_.tier_size; }
  [[nodiscard]] bool uniform() const noexcept { return block_.has(answers::ServiceBlock::kUniform); }
  [[nodiscard]] bool repeats() const noexcept { return groups_ != nullptr; }
  [[nodiscard]] const answers::Entry& entry(std::uint32_t i) const noexcept { return tier_[i]; }
  [[nodiscard]] bool may(std::uint32_t i) const noexcept { return tier_[i].has(flag_); }  // be answered
  [[nodiscard]] std::uint16_t key(std::uint32_t i) const noexcept {                       // equal for equal addresses
    return groups_ ? groups_[i] : static_cast<std::uint16_t>(i);
  }
  // In proportion to the weights.
  [[nodiscard]] std::uint32_t draw(std::uint64_t random) const noexcept {
    const std::uint32_t i = below(random, size());
    if (block_.alias == 0) return i;
    const auto slot = block_.at<answers::AliasSlot>(block_.alias)[i];
    return (random & 0xffff) < slot.keep ? i : slot.other;
  }
  // What this bucket of clients gets first, in this order; empty = the order is not sticky.
  [[nodiscard]] std::span<const std::uint16_t> ranked(std::uint32_t bucket) const noexcept {
    if (block_.ranks == 0) return {};
    return {answers::ranks_of(block_, flag_, bucket), block_.ranked};
  }

 private:
  const answers::ServiceBlock& block_;
  const answers::Entry* tier_;
  const std::uint16_t* groups_;
  const std::uint16_t flag_;
};

// Calls take(entry) for at most `limit` entries of the tier that may be answered in its family, each address once. take
// returns false when the reply is full.
template <class Tier, class Take>
class Sampler {
 public:
  Sampler(const Tier& tier, Marks& marks, std::uint64_t seed, Take take) noexcept
      : tier_(tier), marks_(marks), seed_(seed), take_(take) {}

  void run(std::uint32_t limit) noexcept {
    const std::uint32_t n = tier_.size();
    if (n == 0) return;
    if (const auto list = tier_.ranked(static_cast<std::uint32_t>(seed_) % answers::kBuckets); !list.empty())
      return run_ranked(list, limit);
    if (n <= limit && tier_.uniform()) {
      if (!tier_.may(0)) return;  // none has this family
      rotate(tier_.draw(Random(seed_).next()));
      return;
    }
    marks_.begin();
    if (draw_some(limit)) take_rest(limit);
  }

 private:
  // Drawn with rejection; a tier with one heavy weight or few of this family would reject for long, so the rest is
  // taken in order. Draws count, not hits: how far they go must not depend on the family.
  bool draw_some(std::uint32_t& limit) noexcept {
    Random random(seed_);
    for (std::uint32_t draws = std::min({limit, tier_.size(), kMostDraws}) + 32; draws != 0 && limit != 0; --draws) {
      const std::uint32_t i = tier_.draw(random.next());
      if (!fresh(i)) continue;
      if (!take_(tier_.entry(i))) return false;
      --limit;
    }
    return true;
  }
  void take_rest(std::uint32_t limit) noexcept {
    if (limit == 0) return;
    const std::uint32_t n = tier_.size();
    const std::uint32_t start = below(Random(~seed_).next(), n);
    for (const bool weighted : {true, false}) {  // weight 0 comes last
      for (std::uint32_t k = 0; k < n && limit != 0; ++k) {
        const std::uint32_t i = start + k < n ? start + k : start + k - n;
        if ((tier_.entry(i).weight != 0) != weighted || !fresh(i)) continue;
        if (!take_(tier_.entry(i))) return;
        --limit;
      }
    }
  }
  void run_ranked(std::span<const std::uint16_t> list, std::uint32_t limit) noexcept {
    marks_.begin();
    for (const std::uint16_t i : list) {
      if (limit == 0 || i == answers::kNoRank) break;
      if (!fresh(i)) continue;
      if (!take_(tier_.entry(i))) return;
      --limit;
    }
    for (std::uint32_t i = 0; i < tier_.size() && limit != 0; ++i) {
      if (!fresh(i)) continue;
      if (!take_(tier_.entry(i))) return;
      --limit;
    }
  }
  bool fresh(std::uint32_t i) noexcept { return tier_.may(i) && marks_.set(tier_.key(i)); }
  void rotate(std::uint32_t start) noexcept {
    const std::uint32_t n = tier_.size();
    const bool repeats = tier_.repeats();
    if (repeats) marks_.begin();
    for (std::uint32_t k = 0; k < n; ++k) {
      const std::uint32_t i = start + k < n ? start + k : start + k - n;
      if (repeats && !fresh(i)) continue;
      if (!take_(tier_.entry(i))) return;
    }
  }

  // More than fit a UDP answer; what an answer over TCP holds beyond them is in order.
  static constexpr std::uint32_t kMostDraws = 256;

  const Tier& tier_;
  Marks& marks_;
  const std::uint64_t seed_;
  Take take_;
};

// Notes the scope where the answer depends on the network that the query names.
[[nodiscard]] std::uint64_t sample_seed(Answer& a, const answers::ServiceBlock& block) noexcept;
// Fixed per client prefix (/24, /56): where an SRV answer starts.
[[nodiscard]] std::uint64_t prefix_seed(const Answer& a, const answers::ServiceBlock& block) noexcept;

}  // namespace dnsd::serve
