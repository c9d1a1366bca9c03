#include "dnsd/serve/sampler.h"

#include <cstring>

namespace dnsd::serve {
namespace {

struct SeedText {
  std::array<std::uint8_t, 16> address;
  std::uint64_t service;
  std::uint64_t second;
  std::uint64_t port_and_family;
};
static_assert(sizeof(SeedText) == 40, "hashed as octets: no padding");

std::uint64_t hash(const Answer& a, const SeedText& text) noexcept {
  return XXH3_64bits_withSeed(&text, sizeof text, a.options.sample_key);
}

}  // namespace

std::uint64_t sample_seed(const Answer& a, const answers::ServiceBlock& block) noexcept {
  if (block.has(answers::ServiceBlock::kStable)) return block.seed;
  if (block.has(answers::ServiceBlock::kSticky)) return prefix_seed(a, block);
  return hash(a, {a.client.address, block.seed, a.time.second, a.client.port | std::uint64_t{a.client.v6} << 16});
}

std::uint64_t prefix_seed(const Answer& a, const answers::ServiceBlock& block) noexcept {
  SeedText text{{}, block.seed, 0, std::uint64_t{a.client.v6} << 16};
  std::memcpy(text.address.data(), a.client.address.data(), a.client.v6 ? 7 : 3);
  return hash(a, text);
}

}  // namespace dnsd::serve
