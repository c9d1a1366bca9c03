// The parts of a Responder; private to responder*.cc.
#pragma once

#include <array>
#include <atomic>
#include <memory>

#include "dnsd/serve/access.h"
#include "dnsd/serve/answer.h"
#include "dnsd/serve/cookie.h"
#include "dnsd/serve/rate_limit.h"
#include "dnsd/serve/responder.h"

namespace dnsd::serve {

// Look-ups of so many queries overlap. More gain nothing (the processor has some ten line fill buffers) and would not
// stay in the first-level cache.
inline constexpr std::size_t kGroup = 16;

struct Pending {
  wire::Query query;
  wire::Parsed parsed;
  bool allowed;
  bool look_up;
  bool ready;       // as the look-up met the table
  unsigned likely;  // the suffix that is looked for first
  answers::NameRef name;
  answers::Found found;
  std::uint64_t hash[wire::kMaxLabels + 1];
};

struct Responder::Impl {
  struct Rules {  // what a reload replaces
    Access access;
    CookieSecrets secrets;
  };

  Impl(const answers::Table& t, const ResponderOptions& o);
  ~Impl() { delete rules.load(std::memory_order_relaxed); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  [[nodiscard]] const Rules* make_rules(const ResponderOptions& o) const;

  void find(std::span<const Request> requests) noexcept;
  void write(const Request& request, const Pending& pending, Reply& reply, const BatchTime& time) noexcept;
  void decide(Answer& a, const Pending& pending, bool proven) noexcept;
  void set_edns(Answer& a, const Request& request, Cookie& cookie) const noexcept;
  [[nodiscard]] bool has_valid_cookie(const Answer& a) const noexcept;
  // Also a client whom a zone's own list lets in recurses only where the server's lists let it.
  [[nodiscard]] bool may_recurse(const Client& client) const noexcept {
    return now->access.allows(client) && (allow_recursion.empty() || allow_recursion.contains(client));
  }
  RateLimiter::Verdict limit_rate(Answer& a, ReplyKind kind) noexcept;
  bool is_below_rate(const Client& client, const BatchTime& time) noexcept;
  static void finish(Answer& a, Reply& reply) noexcept;
  void count(const Answer& a, const Request& request, const Reply& reply) noexcept;

  const answers::Table& table;
  const ResponderOptions options;
  std::atomic<const Rules*> rules;
  const Rules* now = nullptr;  // the rules of this batch
  const PrefixList rate_exempt, allow_recursion;
  std::unique_ptr<RateLimiter> limiter;  // null = off
  const bool guarded;                    // UDP clients must show who they are, for one reason or another
  Counters counters;
  Scratch scratch;
  std::array<Pending, kGroup> pending;
};

}  // namespace dnsd::serve
