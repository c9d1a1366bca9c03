#include "dnsd/serve/rate_limit.h"

#include <algorithm>
#include <cstring>

#include "dnsd/answers/ticks.h"
#include "dnsd/serve/cookie.h"

namespace dnsd::serve {
namespace {

constexpr std::uint32_t kCost = answers::kTicksPerSecond;  // a tick then brings `responses_per_second` tokens
constexpr std::size_t kV4Octets = 3, kV6Octets = 7;        // /24 and /56: what one customer has

}  // namespace

RateLimiter::RateLimiter(const RateLimitOptions& options, std::uint64_t key)
    : options_(options), lines_(std::make_unique<Line[]>(kLines)) {
  std::memcpy(key_.data(), &key, sizeof key);
}

RateLimiter::Entry& RateLimiter::find(std::uint64_t hash, std::uint32_t tick) noexcept {
  auto& line = lines_[hash % kLines].entry;
  const auto tag = static_cast<std::uint32_t>(hash >> 32) | 1;
  for (Entry& entry : line) {
    if (entry.tag == tag) return entry;
  }
  Entry& oldest = *std::ranges::min_element(line, {}, [](const Entry& e) { return e.tick; });
  oldest = {tag, tick, options_.responses_per_second * kCost, 0};  // full: one second's worth
  return oldest;
}

RateLimiter::Verdict RateLimiter::judge(const Client& client, ReplyKind kind, std::uint32_t tick) noexcept {
  std::array<std::uint8_t, 1 + kV6Octets> who{};
  who[0] = static_cast<std::uint8_t>(static_cast<unsigned>(kind) << 1 | (client.v6 ? 1U : 0U));
  std::memcpy(who.data() + 1, client.address.data(), client.v6 ? kV6Octets : kV4Octets);
  Entry& entry = find(siphash24(key_, who), tick);
  const std::uint64_t full = std::uint64_t{options_.responses_per_second} * kCost;
  const std::uint64_t gained = std::uint64_t{tick - entry.tick} * options_.responses_per_second;
  entry.tokens = static_cast<std::uint32_t>(std::min(full, entry.tokens + gained));
  entry.tick = tick;
  if (entry.tokens >= kCost) {
    entry.tokens -= kCost;
    return Verdict::send;
  }
  ++entry.refused;
  return options_.slip != 0 && entry.refused % options_.slip == 0 ? Verdict::slip : Verdict::drop;
}

}  // namespace dnsd::serve
