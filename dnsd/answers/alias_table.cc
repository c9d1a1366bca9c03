#include "dnsd/answers/alias_table.h"

#include <algorithm>
#include <numeric>

namespace dnsd::answers {

std::vector<AliasSlot> build_alias_table(std::span<const std::uint32_t> weights) {
  const std::uint64_t total = std::accumulate(weights.begin(), weights.end(), std::uint64_t{0});
  const std::uint64_t n = weights.size();
  // In units of 1/total of a slot: a slot holds `total`, the weights sum to n * total.
  std::vector<std::uint64_t> rest(n);
  std::vector<std::size_t> small, large;
  for (std::size_t i = 0; i < n; ++i) {
    rest[i] = weights[i] * n;
    (rest[i] < total ? small : large).push_back(i);
  }
  std::vector<AliasSlot> table(n);
  while (!small.empty() && !large.empty()) {
    const std::size_t s = small.back();
    const std::size_t l = large.back();
    small.pop_back();
    table[s] = {static_cast<std::uint16_t>(std::min<std::uint64_t>(rest[s] * 65536 / total, 65535)),
                static_cast<std::uint16_t>(l)};
    rest[l] -= total - rest[s];
    if (rest[l] < total) {
      large.pop_back();
      small.push_back(l);
    }
  }
  for (const std::size_t i : large) table[i] = {65535, static_cast<std::uint16_t>(i)};
  for (const std::size_t i : small) table[i] = {65535, static_cast<std::uint16_t>(i)};  // exact arithmetic: none
  return table;
}

}  // namespace dnsd::answers
