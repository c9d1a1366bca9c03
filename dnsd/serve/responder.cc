// A batch of requests: who may ask, and where their names are.
#include "dnsd/serve/responder.h"

#include <algorithm>

#include "dnsd/serve/responder_impl.h"

namespace dnsd::serve {

using wire::Parsed;

namespace {

// Names that are asked are services ("web.corp") or their ports ("_http._tcp.web.corp").
unsigned likely_suffix(const answers::NameRef& name) noexcept {
  return name.labels >= 4 && name.label(0)[1] == '_' && name.label(1)[1] == '_' ? 2 : 0;
}

void prefetch_lines(const void* start, unsigned lines) noexcept {
  const auto* line = static_cast<const char*>(start);
  for (unsigned i = 0; i < lines; ++i) __builtin_prefetch(line + 64 * i);
}

}  // namespace

Responder::Impl::Impl(const answers::Table& t, const ResponderOptions& o)
    : table(t),
      options(o),
      rules(make_rules(o)),
      rate_exempt(o.rate_limit_exempt),
      allow_recursion(o.allow_recursion),
      limiter(o.rate_limit.responses_per_second != 0 ? std::make_unique<RateLimiter>(o.rate_limit, o.sample_key)
                                                     : nullptr),
      guarded(limiter != nullptr || o.cookies == CookiePolicy::require) {}

const Responder::Impl::Rules* Responder::Impl::make_rules(const ResponderOptions& o) const {
  return new Rules{Access(o.allow_query, o.zone_access, table.key()), o.cookie_secrets};
}

ResponderOptions without_limits(ResponderOptions options) {
  options.rate_limit = {};
  if (options.cookies == CookiePolicy::require) options.cookies = CookiePolicy::lenient;
  return options;
}

void Responder::set_rules(const ResponderOptions& options, answers::Reclaimer& reclaimer) {
  std::unique_ptr<const Impl::Rules> before(
      impl_->rules.exchange(impl_->make_rules(options), std::memory_order_acq_rel));
  reclaimer.retire([before = std::move(before)] {});
}

Responder::Responder(const answers::Table& table, const ResponderOptions& options)
    : impl_(std::make_unique<Impl>(table, options)) {}
Responder::~Responder() = default;

const Counters& Responder::counters() const { return impl_->counters; }

void Responder::respond(std::span<const Request> requests, std::span<Reply> replies, BatchTime time) noexcept {
  impl_->now = impl_->rules.load(std::memory_order_acquire);
  for (std::size_t at = 0; at < requests.size(); at += kGroup) {
    const auto group = requests.subspan(at, std::min(kGroup, requests.size() - at));
    impl_->find(group);
    for (std::size_t i = 0; i < group.size(); ++i) {
      Reply& reply = replies[at + i];
      if (reply.buffer.data() == nullptr) reply.buffer = behind(replies[at + i - 1]);
      impl_->write(group[i], impl_->pending[i], reply, time);
    }
  }
}

// Three passes, so that the cache misses of a group overlap: slots, nodes, blocks.
void Responder::Impl::find(std::span<const Request> requests) noexcept {
  const Access& access = now->access;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    Pending& p = pending[i];
    p.parsed = wire::parse(requests[i].packet, p.query);
    p.allowed = access.allows(requests[i].client);
    p.look_up = p.parsed == Parsed::ok && (p.allowed || access.has_zones()) && p.query.klass == wire::klass::in &&
                p.query.question_size != 0;
    p.found = {};
    p.ready = table.ready();
    if (!p.look_up) continue;
    answers::hash_suffixes(p.query.folded, p.query.label_at, p.query.labels, table.key(), p.hash);
    p.name = {p.query.folded, p.query.label_at, p.hash, p.query.name_size, p.query.labels};
    p.likely = likely_suffix(p.name);
    table.prefetch(p.hash[p.likely]);
  }
  for (std::size_t i = 0; i < requests.size(); ++i) {
    if (pending[i].look_up) __builtin_prefetch(table.guess(pending[i].hash[pending[i].likely]));
  }
  for (std::size_t i = 0; i < requests.size(); ++i) {
    Pending& p = pending[i];
    if (!p.look_up) continue;
    p.found = table.closest(p.name, p.likely);
    if (p.found.node == nullptr) continue;
    if (access.has_zones()) [[unlikely]] {
      const auto* zone = p.found.node->zone.load(std::memory_order_acquire);
      if (zone != nullptr) p.allowed = access.allows(requests[i].client, p.name, zone->labels);
    }
    if (const auto* block = p.found.node->service.load(std::memory_order_acquire)) prefetch_lines(block, 4);
  }
}

}  // namespace dnsd::serve
