#include "dnsd/serve/sampler.h"

#include <algorithm>
#include <cstring>

namespace dnsd::serve {
namespace {

constexpr std::uint8_t kPrefixV4 = 24, kPrefixV6 = 56;  // of one client network: what ECS senders use (RFC 7871 11.1)

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

// As many octets of an address as one client network has: /24, /56.
std::uint64_t network_seed(const Answer& a, const answers::ServiceBlock& block, const std::uint8_t* address,
                           unsigned bits, bool v6) noexcept {
  SeedText text{{}, block.seed, 0, std::uint64_t{v6} << 16};
  std::memcpy(text.address.data(), address, (bits + 7) / 8);
  return hash(a, text);
}

// Of whom a resolver asks for, if it says so (RFC 7871); the answer's scope is what was looked at.
std::uint64_t sticky_seed(Answer& a, const answers::ServiceBlock& block) noexcept {
  const wire::Query& q = a.query;
  if (!q.has_ecs || q.ecs_prefix == 0) return prefix_seed(a, block);
  const bool v6 = q.ecs_family == 2;
  const auto bits = std::min(q.ecs_prefix, v6 ? kPrefixV6 : kPrefixV4);
  a.edns.ecs_scope = bits;
  return network_seed(a, block, q.ecs_address, bits, v6);
}

}  // namespace

std::uint64_t sample_seed(Answer& a, const answers::ServiceBlock& block) noexcept {
  if (block.has(answers::ServiceBlock::kStable)) return block.seed;
  if (block.has(answers::ServiceBlock::kSticky)) return sticky_seed(a, block);
  return hash(a, {a.client.address, block.seed, a.time.second, a.client.port | std::uint64_t{a.client.v6} << 16});
}

std::uint64_t prefix_seed(const Answer& a, const answers::ServiceBlock& block) noexcept {
  return network_seed(a, block, a.client.address.data(), a.client.v6 ? kPrefixV6 : kPrefixV4, a.client.v6);
}

}  // namespace dnsd::serve
