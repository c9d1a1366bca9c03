// An address answer out of one tier of instances: a service's own, or what selectors left of it.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "dnsd/serve/sampler.h"

namespace dnsd::serve {

// Writes the records; how many. TC is set where one did not fit.
template <class Tier>
std::uint16_t put_addresses(Answer& a, const Where& where, const answers::ServiceBlock& block, bool v6,
                            std::uint32_t ttl, const Tier& tier) noexcept {
  const std::size_t size = v6 ? 16 : 4;
  std::array<std::uint8_t, 12> head;  // the same for all
  fill_head(head.data(), where.asked.pointer(), v6 ? wire::type::aaaa : wire::type::a, ttl, size);
  std::uint16_t count = 0;
  const auto take = [&](const answers::Entry& entry) noexcept {
    std::uint8_t* p = a.writer.take(head.size() + size);
    if (p == nullptr) {
      a.tc = true;
      return false;
    }
    std::memcpy(p, head.data(), head.size());
    if (v6) {
      std::memcpy(p + head.size(), block.v6_of(entry), 16);
    } else {
      std::memcpy(p + head.size(), entry.v4, 4);
    }
    ++count;
    return true;
  };
  const std::uint64_t seed = sample_seed(a, block);
  const std::uint32_t limit = block.max_answers == 0 ? UINT32_MAX : block.max_answers;
  Sampler(tier, a.scratch.marks, seed, take).run(limit);
  a.scratch.trace.drew(v6, seed, limit, count);
  a.counts.answer = static_cast<std::uint16_t>(a.counts.answer + count);
  return count;
}

}  // namespace dnsd::serve
