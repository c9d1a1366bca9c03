// The instances that a name's selectors leave, and how one address answer draws from them. A worker's own, reused for
// every query; its cost is bounded by the service's instances (docs/names.md has figures), and it allocates nothing.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "dnsd/answers/block.h"
#include "dnsd/answers/sticky_ranks.h"

namespace dnsd::serve {

struct SelectorPath;

class Selection {
 public:
  // False: a tag that no registered instance bears, so the name does not exist.
  [[nodiscard]] bool choose(const answers::ServiceBlock& block, const SelectorPath& path) noexcept;

  [[nodiscard]] bool has(std::uint32_t entry) const noexcept { return (mask_[entry / 64] >> entry % 64 & 1) != 0; }
  [[nodiscard]] bool empty() const noexcept { return empty_; }
  [[nodiscard]] bool any_registered() const noexcept { return any_registered_; }  // available or not
  // None that is left is listed: they are a last resort.
  [[nodiscard]] bool fails_open() const noexcept { return opened_; }
  // Of those left; listed ones may be there because the whole service fails open.
  [[nodiscard]] bool any_available() const noexcept { return any_available_; }
  [[nodiscard]] bool any_unavailable() const noexcept { return any_unavailable_; }
  // The first one left in [from, end); `end` = none.
  [[nodiscard]] std::uint32_t next(std::uint32_t from, std::uint32_t end) const noexcept;

  // The best tier of those left, for address answers. Before a ChosenTier is made.
  void collect_tier(const answers::ServiceBlock& block) noexcept;
  // Of a sticky service: as many as an answer holds, out of the ranks that the block has. False: they do not tell.
  [[nodiscard]] bool collect_ranked(const answers::ServiceBlock& block, std::uint64_t seed, bool v6) noexcept;
  [[nodiscard]] bool spilled() const noexcept { return spilled_; }  // some of a better tier are left

 private:
  friend class ChosenTier;
  static constexpr std::size_t kWords = 1024;  // 65,536 entries
  using Words = std::array<std::uint64_t, kWords>;

  void keep(const answers::ServiceBlock& block, const answers::Mark* mark, bool inverted) noexcept;
  void prefer(const answers::ServiceBlock& block, const SelectorPath& path) noexcept;
  [[nodiscard]] bool is_left() const noexcept;
  [[nodiscard]] bool any_left_with(const answers::ServiceBlock& block, bool available,
                                   std::span<const std::uint64_t> among) const noexcept;
  [[nodiscard]] std::span<std::uint64_t> words() noexcept { return {mask_.data(), words_}; }

  Words mask_;   // of the entries that are left
  Words other_;  // of one mark
  std::size_t words_ = 0;
  bool empty_ = true, any_registered_ = false, opened_ = false;
  bool any_available_ = false, any_unavailable_ = false;

  // -- the tier: entries; sums of their weights up to and with each, or (sticky) by address, in `sum_`
  std::array<std::uint16_t, 65536> tier_;
  std::array<std::uint64_t, 65536> sum_;
  std::array<std::uint16_t, answers::kMaxRanked> ranked_;
  std::uint32_t tier_size_ = 0;
  bool uniform_ = false, weighted_ = false, spilled_ = false;
  bool all_ranked_ = false;  // `ranked_` is complete: tier_ is in that order
};

// As BlockTier (sampler.h), over a selection.
class ChosenTier {
 public:
  ChosenTier(const answers::ServiceBlock& block, Selection& selection, bool v6) noexcept
      : block_(block), selection_(selection), flag_(flag_of(selection, v6)), groups_(block.groups_of(v6, 0)) {}

  [[nodiscard]] std::uint32_t size() const noexcept { return selection_.tier_size_; }
  [[nodiscard]] bool uniform() const noexcept { return selection_.uniform_; }
  [[nodiscard]] bool repeats() const noexcept { return groups_ != nullptr; }
  [[nodiscard]] const answers::Entry& entry(std::uint32_t i) const noexcept {
    return block_.entries()[selection_.tier_[i]];
  }
  [[nodiscard]] bool may(std::uint32_t i) const noexcept { return entry(i).has(flag_); }
  [[nodiscard]] std::uint16_t key(std::uint32_t i) const noexcept {  // equal for equal addresses
    return groups_ ? groups_[selection_.tier_[i]] : selection_.tier_[i];
  }
  [[nodiscard]] std::uint32_t draw(std::uint64_t random) const noexcept;
  [[nodiscard]] std::span<const std::uint16_t> ranked(std::uint32_t bucket) const noexcept;

 private:
  [[nodiscard]] static std::uint16_t flag_of(const Selection& selection, bool v6) noexcept;
  void sum_by_address() const noexcept;

  const answers::ServiceBlock& block_;
  Selection& selection_;
  const std::uint16_t flag_;
  const std::uint16_t* groups_;
};

}  // namespace dnsd::serve
