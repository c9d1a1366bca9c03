// Which instances an address answer holds, and in which order (MECHANISMS 6).
//
// Instances are ranked, then those of the asked family kept, all from one seed: the A and the AAAA answer of one
// getaddrinfo() name the same instances, and a service of mixed families never gives a false NODATA.
#pragma once

#include <cstdint>

#include "dnsd/answers/block.h"
#include "dnsd/answers/sticky_ranks.h"
#include "dnsd/serve/answer.h"

namespace dnsd::serve {

class Random {  // splitmix64: a full-period counter through a finalizer; the seed is a keyed hash
 public:
  explicit Random(std::uint64_t seed) noexcept : state_(seed) {}
  std::uint64_t next() noexcept {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }

 private:
  std::uint64_t state_;
};

[[nodiscard]] inline std::uint32_t below(std::uint64_t random, std::uint32_t n) noexcept {
  return static_cast<std::uint32_t>((random >> 32) * n >> 32);
}

// Calls take(entry) for at most `limit` entries of the tier that may be answered in the family `flag`, each address
// once. take returns false when the reply is full.
template <class Take>
class Sampler {
 public:
  Sampler(const answers::ServiceBlock& block, std::uint16_t flag, Marks& marks, std::uint64_t seed, Take take) noexcept
      : block_(block),
        tier_(block.entries() + block.tier_begin),
        groups_(block.has(answers::ServiceBlock::kGroups)
                    ? block.at<std::uint16_t>(block.groups) + (flag == answers::Entry::kAnswerV6 ? block.tier_size : 0)
                    : nullptr),
        flag_(flag),
        size_(block.tier_size),
        marks_(marks),
        random_(seed),
        bucket_(static_cast<std::uint32_t>(seed) % answers::kBuckets),
        take_(take) {}

  void run(std::uint32_t limit) noexcept {
    if (size_ == 0) return;
    if (block_.ranks != 0) return run_ranked(limit);
    if (size_ <= limit && block_.has(answers::ServiceBlock::kUniform)) {
      if (!tier_->has(flag_)) return;  // none has this family
      rotate(draw(), groups_ != nullptr);
      return;
    }
    marks_.begin();
    unsigned misses = 0;
    // Drawn with rejection; a tier with one heavy weight or few of this family would reject for long, so after 32
    // misses the rest is taken in order.
    while (limit != 0 && misses < 32) {
      const std::uint32_t i = draw();
      if (!fresh(i)) {
        ++misses;
        continue;
      }
      if (!take_(tier_[i])) return;
      --limit;
    }
    for (const bool weighted : {true, false}) {  // weight 0 comes last
      const std::uint32_t start = below(random_.next(), size_);
      for (std::uint32_t n = 0; n < size_ && limit != 0; ++n) {
        const std::uint32_t i = start + n < size_ ? start + n : start + n - size_;
        if ((tier_[i].weight != 0) != weighted || !fresh(i)) continue;
        if (!take_(tier_[i])) return;
        --limit;
      }
    }
  }

 private:
  void run_ranked(std::uint32_t limit) noexcept {
    marks_.begin();
    const std::uint16_t* list = answers::ranks_of(block_, flag_, bucket_);
    for (std::uint16_t place = 0; place < block_.ranked && limit != 0; ++place) {
      const std::uint16_t i = list[place];
      if (i == answers::kNoRank || !fresh(i)) break;  // not fresh: none of a uniform tier has this family
      if (!take_(tier_[i])) return;
      --limit;
    }
    for (std::uint32_t i = 0; i < size_ && limit != 0; ++i) {
      if (!fresh(i)) continue;
      if (!take_(tier_[i])) return;
      --limit;
    }
  }
  // In proportion to the weights.
  std::uint32_t draw() noexcept {
    const std::uint64_t r = random_.next();
    const std::uint32_t i = below(r, size_);
    if (block_.alias == 0) return i;
    const auto slot = block_.at<answers::AliasSlot>(block_.alias)[i];
    return (r & 0xffff) < slot.keep ? i : slot.other;
  }
  bool fresh(std::uint32_t i) noexcept {
    return tier_[i].has(flag_) && marks_.set(groups_ ? groups_[i] : static_cast<std::uint16_t>(i));
  }
  void rotate(std::uint32_t start, bool repeats) noexcept {
    if (repeats) marks_.begin();
    for (std::uint32_t n = 0; n < size_; ++n) {
      const std::uint32_t i = start + n < size_ ? start + n : start + n - size_;
      if (repeats && !fresh(i)) continue;
      if (!take_(tier_[i])) return;
    }
  }

  const answers::ServiceBlock& block_;
  const answers::Entry* tier_;
  const std::uint16_t* groups_;
  const std::uint16_t flag_;
  const std::uint32_t size_;
  Marks& marks_;
  Random random_;
  const std::uint32_t bucket_;
  Take take_;
};

// Notes the scope where the answer depends on the network that the query names.
[[nodiscard]] std::uint64_t sample_seed(Answer& a, const answers::ServiceBlock& block) noexcept;
// Fixed per client prefix (/24, /56): where an SRV answer starts.
[[nodiscard]] std::uint64_t prefix_seed(const Answer& a, const answers::ServiceBlock& block) noexcept;

}  // namespace dnsd::serve
