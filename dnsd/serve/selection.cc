#include "dnsd/serve/selection.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "dnsd/serve/random.h"
#include "dnsd/serve/selectors.h"

namespace dnsd::serve {

using answers::Entry;
using answers::Mark;
using answers::ServiceBlock;

namespace {

// The bits of a mark's bearers.
void fill(std::span<std::uint64_t> words, const ServiceBlock& block, const Mark* mark) noexcept {
  if (mark != nullptr && mark->bitmap) {
    std::copy_n(block.at<std::uint64_t>(mark->items), words.size(), words.begin());
    return;
  }
  std::ranges::fill(words, 0);
  if (mark == nullptr) return;
  for (const std::uint16_t i : std::span{block.at<std::uint16_t>(mark->items), mark->count})
    words[i / 64] |= std::uint64_t{1} << i % 64;
}

constexpr std::uint64_t kOffered = UINT64_MAX;  // no sum of weights: at most 65,536 of 21 bits

// Clears the bits at and behind `end`.
void cut(std::span<std::uint64_t> words, std::uint32_t end) noexcept {
  if (end / 64 < words.size()) words[end / 64] &= (std::uint64_t{1} << end % 64) - 1;
  for (std::size_t i = end / 64 + 1; i < words.size(); ++i) words[i] = 0;
}

}  // namespace

void Selection::keep(const ServiceBlock& block, const Mark* mark, bool inverted) noexcept {
  fill({other_.data(), words_}, block, mark);
  for (std::size_t i = 0; i < words_; ++i) mask_[i] &= inverted ? ~other_[i] : other_[i];
}

bool Selection::is_left() const noexcept {
  return std::any_of(mask_.begin(), mask_.begin() + static_cast<std::ptrdiff_t>(words_),
                     [](std::uint64_t word) { return word != 0; });
}

// The first one left at or after `from`; `end` = none before it.
std::uint32_t Selection::next(std::uint32_t from, std::uint32_t end) const noexcept {
  if (from >= end) return end;
  std::uint64_t word = mask_[from / 64] & ~std::uint64_t{0} << from % 64;
  for (std::uint32_t i = from / 64;; word = mask_[i]) {
    if (word != 0) return std::min(end, i * 64 + static_cast<std::uint32_t>(std::countr_zero(word)));
    if (++i >= words_) return end;
  }
}

// Whether one of those left that are also `among` is available, or is not.
bool Selection::any_left_with(const ServiceBlock& block, bool available,
                              std::span<const std::uint64_t> among) const noexcept {
  for (std::size_t w = 0; w < words_; ++w) {
    for (std::uint64_t bits = mask_[w] & among[w]; bits != 0; bits &= bits - 1) {
      const auto i = w * 64 + static_cast<std::size_t>(std::countr_zero(bits));
      if (block.entries()[i].has(Entry::kAvailable) == available) return true;
    }
  }
  return false;
}

// The leftmost preference that leaves anything decides, then the next one. In a service that is opened what is not
// available leaves something only where nothing else is.
void Selection::prefer(const ServiceBlock& block, const SelectorPath& path) noexcept {
  const bool sift = block.has(ServiceBlock::kFailOpen) && any_left_with(block, true, words());
  for (unsigned i = path.count; i-- > 0;) {
    const Selector& selector = path.selector[i];
    if (selector.kind != Selector::Kind::prefer) continue;
    const std::span<std::uint64_t> zone(other_.data(), words_);
    fill(zone, block, block.find_mark(selector.label, true));
    bool any = false;
    for (std::size_t w = 0; w < words_; ++w) any = any || (mask_[w] & zone[w]) != 0;
    if (sift && any) any = any_left_with(block, true, zone);
    for (std::size_t w = 0; any && w < words_; ++w) mask_[w] &= zone[w];
  }
}

bool Selection::choose(const ServiceBlock& block, const SelectorPath& path) noexcept {
  words_ = (block.total + std::size_t{63}) / 64;
  std::ranges::fill(words(), ~std::uint64_t{0});
  cut(words(), block.total);
  for (unsigned i = 0; i < path.count; ++i) {
    const Selector& selector = path.selector[i];
    if (selector.kind == Selector::Kind::prefer) continue;
    const Mark* mark = block.find_mark(selector.label, selector.kind == Selector::Kind::pin);
    if (selector.kind == Selector::Kind::tag && mark == nullptr) return false;
    keep(block, mark, selector.kind == Selector::Kind::not_tag);
  }
  any_registered_ = is_left();
  opened_ = false;
  if (next(0, block.listed) != block.listed) {
    cut(words(), block.listed);
  } else if (any_registered_ && block.has(ServiceBlock::kMayOpen)) {
    for (std::uint32_t i = next(0, block.total); i != block.total; i = next(i + 1, block.total)) {
      if (!block.entries()[i].has(Entry::kLastResort)) mask_[i / 64] &= ~(std::uint64_t{1} << i % 64);
    }
    opened_ = is_left();
  } else {
    std::ranges::fill(words(), 0);
  }
  prefer(block, path);
  empty_ = !is_left();
  const bool sift = opened_ || block.has(ServiceBlock::kFailOpen);
  any_unavailable_ = sift && any_left_with(block, false, words());
  any_available_ = sift ? any_left_with(block, true, words()) : !empty_;
  return true;
}

void Selection::collect_tier(const ServiceBlock& block) noexcept {
  constexpr std::uint16_t available = Entry::kAnswerV4 | Entry::kAnswerV6;
  const std::uint16_t any = opened_ ? std::uint16_t{Entry::kV4 | Entry::kV6} : available;
  const std::uint32_t end = opened_ ? block.total : block.listed;
  tier_size_ = 0;
  uniform_ = true;
  weighted_ = spilled_ = all_ranked_ = false;
  const auto with_address = [&](std::uint32_t from) {
    std::uint32_t i = next(from, end);
    while (i != end && !block.entries()[i].has(any)) i = next(i + 1, end);
    return i;
  };
  // A better tier that has too few instances is left here as well, unless nothing else is.
  std::uint32_t i = with_address(opened_ ? 0 : block.tier_begin);
  if (i == end) i = with_address(0);
  if (i == end) return;
  spilled_ = block.has(ServiceBlock::kSpilled) && i >= block.tier_begin && with_address(0) < block.tier_begin;
  const Entry& first = block.entries()[i];
  // What is equal in the whole tier that answers for the service is so here as well.
  const bool here = i - block.tier_begin < block.tier_size;
  weighted_ = !(here && block.alias == 0) && !block.has(ServiceBlock::kSticky);
  if (here && !weighted_ && block.has(ServiceBlock::kUniform)) {  // then no entry need be looked at
    const std::uint32_t last = block.tier_begin + std::uint32_t{block.tier_size};
    for (std::uint32_t w = i / 64; w * 64 < last; ++w) {
      std::uint64_t bits = mask_[w];
      if (w == i / 64) bits &= ~std::uint64_t{0} << i % 64;
      if (w == last / 64) bits &= (std::uint64_t{1} << last % 64) - 1;
      for (; bits != 0; bits &= bits - 1)
        tier_[tier_size_++] = static_cast<std::uint16_t>(w * 64 + static_cast<std::uint32_t>(std::countr_zero(bits)));
    }
    return;
  }
  std::uint64_t sum = 0;
  for (; i != end && block.entries()[i].priority == first.priority; i = next(i + 1, end)) {
    const Entry& entry = block.entries()[i];
    tier_[tier_size_] = static_cast<std::uint16_t>(i);
    if (weighted_) sum_[tier_size_] = sum += entry.has(any) ? entry.draw_weight() : 0;
    ++tier_size_;
    uniform_ = uniform_ && (entry.flags & any) == (first.flags & any);
  }
}

// Whoever of the first in rank is left is first here as well. Where addresses repeat the ranks are those of all that
// share one, and not all of them need be left.
bool Selection::collect_ranked(const ServiceBlock& block, std::uint64_t seed, bool v6) noexcept {
  if (opened_ || block.max_answers == 0 || block.max_answers > block.ranked || block.has(ServiceBlock::kGroups))
    return false;
  const std::uint16_t flag = v6 ? Entry::kAnswerV6 : Entry::kAnswerV4;
  const auto* places = answers::ranks_of(block, flag, static_cast<std::uint32_t>(seed) % answers::kBuckets);
  std::uint32_t count = 0;
  for (unsigned i = 0; i < block.ranked && places[i] != answers::kNoRank; ++i) {
    const auto entry = static_cast<std::uint16_t>(block.tier_begin + places[i]);
    if (!has(entry) || !block.entries()[entry].has(flag)) continue;
    ranked_[count] = static_cast<std::uint16_t>(count);
    tier_[count++] = entry;
  }
  if (count < block.max_answers) return false;
  tier_size_ = count;
  all_ranked_ = true;
  spilled_ = false;
  for (std::uint32_t i = 0; block.has(ServiceBlock::kSpilled) && !spilled_; ++i) {
    i = next(i, block.tier_begin);
    if (i == block.tier_begin) break;
    spilled_ = block.entries()[i].has(Entry::kAnswerV4 | Entry::kAnswerV6);
  }
  return true;
}

std::uint16_t ChosenTier::flag_of(const Selection& selection, bool v6) noexcept {
  if (selection.opened_) return v6 ? Entry::kV6 : Entry::kV4;
  return v6 ? Entry::kAnswerV6 : Entry::kAnswerV4;
}

std::uint32_t ChosenTier::draw(std::uint64_t random) const noexcept {
  const std::uint32_t n = selection_.tier_size_;
  if (!selection_.weighted_) return below(random, n);
  const auto* sums = selection_.sum_.data();
  if (sums[n - 1] == 0) return below(random, n);
  const std::uint64_t at = random % sums[n - 1];  // of at most 37 bits: the bias is below 2^-27
  return static_cast<std::uint32_t>(std::upper_bound(sums, sums + n, at) - sums);
}

// The places that the block's ranks would give, were these its only instances: of those that share an address the first
// one stands for all, with their weights together.
std::span<const std::uint16_t> ChosenTier::ranked(std::uint32_t bucket) const noexcept {
  if (!block_.has(ServiceBlock::kSticky)) return {};
  if (selection_.all_ranked_) return {selection_.ranked_.data(), selection_.tier_size_};
  const auto wanted = block_.max_answers == 0 ? answers::kMaxRanked : std::min(block_.max_answers, answers::kMaxRanked);
  const auto* names = block_.at<std::uint64_t>(block_.names);
  answers::StickyPlaces places(wanted);
  if (groups_ != nullptr) sum_by_address();
  for (std::uint32_t i = 0; i < selection_.tier_size_; ++i) {
    const Entry& e = entry(i);
    if (!e.has(flag_)) continue;
    std::uint64_t weight = e.draw_weight();
    if (groups_ != nullptr) {
      weight = std::exchange(selection_.sum_[key(i)], kOffered);
      if (weight == kOffered) continue;
    }
    places.offer(bucket, names[selection_.tier_[i]], weight, static_cast<std::uint16_t>(i));
  }
  places.write(selection_.ranked_.data());
  return {selection_.ranked_.data(), wanted};
}

void ChosenTier::sum_by_address() const noexcept {
  for (std::uint32_t i = 0; i < selection_.tier_size_; ++i) selection_.sum_[key(i)] = 0;
  for (std::uint32_t i = 0; i < selection_.tier_size_; ++i) {
    if (may(i)) selection_.sum_[key(i)] += entry(i).draw_weight();
  }
}

}  // namespace dnsd::serve
