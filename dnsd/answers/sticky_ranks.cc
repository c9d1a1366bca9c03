#include "dnsd/answers/sticky_ranks.h"

#include <xxhash.h>

#include <algorithm>
#include <cmath>
#include <span>

namespace dnsd::answers {
namespace {

struct Candidate {
  std::uint64_t name;  // hash of the folded label
  std::uint64_t weight;
  std::uint16_t index;  // in the tier
};

// The instances that may be answered in one of the families, by name. Of those that share an address the first one
// stands for all, with their weights together: instances count, and the address is sent once.
std::vector<Candidate> candidates_of(const ServiceBlock& block, std::uint16_t families) {
  std::vector<Candidate> out;
  const Entry* tier = block.entries() + block.tier_begin;
  const auto* names = block.at<std::uint64_t>(block.names) + block.tier_begin;
  const std::uint16_t* groups = nullptr;
  if (block.has(ServiceBlock::kGroups)) groups = block.groups_of(families == Entry::kAnswerV6, block.tier_begin);
  const auto group = [&](unsigned i) { return groups ? groups[i] - unsigned{block.tier_begin} : i; };
  std::vector<std::uint64_t> weights(block.tier_size);
  for (unsigned i = 0; i < block.tier_size; ++i) {
    if (tier[i].has(families)) weights[group(i)] += tier[i].draw_weight();
  }
  for (unsigned i = 0; i < block.tier_size; ++i) {
    if (!tier[i].has(families) || group(i) != i) continue;
    out.push_back({names[i], weights[i], static_cast<std::uint16_t>(i)});
  }
  std::ranges::sort(out, {}, &Candidate::name);
  return out;
}

StickyRank rank(std::uint32_t bucket, const Candidate& candidate) {
  return sticky_rank(bucket, candidate.name, candidate.weight, candidate.index);
}

std::uint64_t mixed(std::uint32_t bucket, std::uint64_t name) noexcept {
  std::uint64_t z = name + (bucket + 1) * 0x9e3779b97f4a7c15;  // the finalizer of splitmix64
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

float uniform(std::uint64_t z) noexcept { return static_cast<float>((z >> 40) + 1) * 0x1p-24F; }  // (0, 1]

void rank_all(std::span<const Candidate> candidates, std::uint32_t bucket, StickyPlaces& best) {
  best.clear();
  for (const Candidate& c : candidates) best.offer(bucket, c.name, c.weight, c.index);
}

// What stayed as it was, and what is new or has another weight.
struct Difference {
  std::vector<const Candidate*> stayed;  // by tier index before; null = gone, or changed
  std::vector<Candidate> fresh;
};

Difference difference(std::span<const Candidate> before, std::span<const Candidate> now, std::size_t tier_before) {
  Difference out{std::vector<const Candidate*>(tier_before), {}};
  auto old = before.begin();
  for (const Candidate& candidate : now) {
    while (old != before.end() && old->name < candidate.name) ++old;
    if (old != before.end() && old->name == candidate.name && old->weight == candidate.weight) {
      out.stayed[old->index] = &candidate;
    } else {
      out.fresh.push_back(candidate);
    }
  }
  return out;
}

void rank_family(const ServiceBlock& block, const ServiceBlock* before, std::uint16_t family, std::uint16_t families,
                 StickyRanks& out) {
  const auto now = candidates_of(block, families);
  StickyPlaces best(out.width);
  const auto first = out.entries.size();
  out.entries.resize(first + std::size_t{kBuckets} * out.width);
  const auto list = [&](std::uint32_t bucket) { return out.entries.data() + first + bucket * std::size_t{out.width}; };
  if (before == nullptr || before->ranks == 0 || before->ranked != out.width) {
    for (std::uint32_t bucket = 0; bucket < kBuckets; ++bucket) {
      rank_all(now, bucket, best);
      best.write(list(bucket));
    }
    return;
  }
  const bool two = !before->has(ServiceBlock::kUniform) || before->has(ServiceBlock::kGroups);
  const auto old = candidates_of(*before, two ? family : families);
  const Difference changed = difference(old, now, before->tier_size);
  for (std::uint32_t bucket = 0; bucket < kBuckets; ++bucket) {
    best.clear();
    bool complete = true;
    const auto* places = ranks_of(*before, family, bucket);
    for (unsigned i = 0; i < before->ranked && places[i] != kNoRank; ++i) {
      const Candidate* candidate = changed.stayed[places[i]];
      if (candidate != nullptr) best.offer(rank(bucket, *candidate));
      complete = complete && candidate != nullptr;
    }
    if (complete || old.size() <= before->ranked) {
      for (const Candidate& candidate : changed.fresh) best.offer(rank(bucket, candidate));
    } else {
      rank_all(now, bucket, best);  // who is next in rank is not known
    }
    best.write(list(bucket));
  }
}

}  // namespace

std::uint64_t sticky_name(std::string_view label) noexcept { return XXH3_64bits(label.data(), label.size()); }

StickyRank sticky_rank(std::uint32_t bucket, std::uint64_t name, std::uint64_t weight, std::uint16_t index) noexcept {
  const std::uint64_t z = mixed(bucket, name);
  const float u = uniform(z);
  // A weight of 0 comes after all others: -ln(u) is at most 17.
  const float draw = weight == 0 ? 1e3F + u : -std::log(u) / static_cast<float>(weight);
  return {draw, z, index};
}

void StickyPlaces::offer(std::uint32_t bucket, std::uint64_t name, std::uint64_t weight, std::uint16_t index) noexcept {
  constexpr float kRounding = 0.999F;
  if (size_ == width_ && weight != 0) {
    const float least = (1 - uniform(mixed(bucket, name))) * kRounding;
    if (least > places_[size_ - 1].draw * static_cast<float>(weight)) return;
  }
  offer(sticky_rank(bucket, name, weight, index));
}

StickyRanks sticky_ranks(const ServiceBlock& block, const ServiceBlock* before) {
  StickyRanks out;
  const std::uint16_t wanted = block.max_answers == 0 ? kMaxRanked : std::min(block.max_answers, kMaxRanked);
  out.width = std::min(wanted, block.tier_size);
  constexpr std::uint16_t both = Entry::kAnswerV4 | Entry::kAnswerV6;
  if (block.has(ServiceBlock::kUniform) && !block.has(ServiceBlock::kGroups)) {
    rank_family(block, before, Entry::kAnswerV4, both, out);
    return out;
  }
  for (const std::uint16_t family : {Entry::kAnswerV4, Entry::kAnswerV6}) {
    rank_family(block, before, family, family, out);
  }
  return out;
}

}  // namespace dnsd::answers
