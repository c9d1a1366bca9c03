// Response rate limiting: a client prefix gets so many responses of a kind a second over UDP, where addresses can be
// forged; of those too many some are replaced by TC=1 ("slip"), so that a real client comes back over TCP, the rest are
// not sent. The table is of a fixed size: a flood from many prefixes makes it forget, never grow.
//
// Worker thread; one per worker, so a prefix whose packets reach n workers has n times the rate.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "dnsd/serve/client.h"

namespace dnsd::serve {

// Judged apart, so that a flood of one kind leaves the others.
enum class ReplyKind : std::uint8_t { answer, empty, nxdomain, error };

struct RateLimitOptions {
  std::uint32_t responses_per_second = 0;  // 0 = no limit
  std::uint32_t slip = 2;                  // every n-th response too many is TC=1; 0 = none
};

class RateLimiter {
 public:
  // 16 octets each, 1 MiB a worker. Prefixes count that ask faster than the limit, and those of a moment: a reflection
  // attack has few, and a scan of forged prefixes stays below any limit.
  static constexpr std::size_t kMaxTracked = 65'536;

  enum class Verdict : std::uint8_t { send, slip, drop };

  RateLimiter(const RateLimitOptions& options, std::uint64_t key);

  // A response of this kind is about to leave. `tick` as in BatchTime.
  [[nodiscard]] Verdict judge(const Client& client, ReplyKind kind, std::uint32_t tick) noexcept;

 private:
  struct Entry {            // a bucket of tokens; one response costs kCost, a tick brings `rate`
    std::uint32_t tag = 0;  // 0 = free
    std::uint32_t tick = 0;
    std::uint32_t tokens = 0;
    std::uint32_t refused = 0;  // so far: every `slip`-th is slipped
  };
  struct alignas(64) Line {
    std::array<Entry, 4> entry;
  };
  static constexpr std::size_t kLines = kMaxTracked / 4;

  [[nodiscard]] Entry& find(std::uint64_t hash, std::uint32_t tick) noexcept;

  const RateLimitOptions options_;
  std::array<std::uint8_t, 16> key_{};
  std::unique_ptr<Line[]> lines_;
};

}  // namespace dnsd::serve
