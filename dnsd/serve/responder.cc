#include "dnsd/serve/responder.h"

#include <algorithm>

#include "dnsd/serve/answer.h"
#include "dnsd/serve/batch.h"
#include "dnsd/serve/cookie.h"

namespace dnsd::serve {
namespace {

using wire::Parsed;
using wire::Rcode;

// Look-ups of so many queries overlap. More gain nothing (the processor has some ten line fill buffers) and would not
// stay in the first-level cache.
constexpr std::size_t kGroup = 16;

struct Pending {
  wire::Query query;
  Parsed parsed;
  bool allowed;
  bool look_up;
  bool ready;       // as the look-up met the table
  unsigned likely;  // the suffix that is looked for first
  answers::NameRef name;
  answers::Found found;
  std::uint64_t hash[wire::kMaxLabels + 1];
};

// Names that are asked are services ("web.corp") or their ports ("_http._tcp.web.corp").
unsigned likely_suffix(const answers::NameRef& name) noexcept {
  return name.labels >= 4 && name.label(0)[1] == '_' && name.label(1)[1] == '_' ? 2 : 0;
}

void prefetch_lines(const void* start, unsigned lines) noexcept {
  const auto* line = static_cast<const char*>(start);
  for (unsigned i = 0; i < lines; ++i) __builtin_prefetch(line + 64 * i);
}

std::size_t type_counter(std::uint16_t type) noexcept {
  switch (type) {
    case wire::type::a:
      return 0;
    case wire::type::aaaa:
      return 1;
    case wire::type::srv:
      return 2;
    case wire::type::ptr:
      return 3;
    case wire::type::txt:
      return 4;
    case wire::type::soa:
    case wire::type::ns:
      return 5;
    case wire::type::any:
      return 6;
    default:
      return 7;
  }
}

// Zone maintenance, and what asks for a signed reply: another thread's work.
bool is_for_others(const Pending& p) noexcept {
  constexpr std::uint8_t notify = 4, update = 5;
  if (p.parsed == Parsed::notimp) return p.query.opcode == notify || p.query.opcode == update;
  if (p.parsed != Parsed::ok || p.query.question_size == 0) return false;
  return p.query.tsig || p.query.type == wire::type::axfr || p.query.type == wire::type::ixfr;
}

ReplyKind kind_of(const Answer& a) noexcept {
  if (a.rcode == Rcode::nxdomain) return ReplyKind::nxdomain;
  if (a.rcode != Rcode::noerror) return ReplyKind::error;
  return a.counts.answer != 0 ? ReplyKind::answer : ReplyKind::empty;
}

// Who knows cookies gets one (RFC 7873 5.2.3); who does not comes back over TCP.
void ask_for_cookie(Answer& a) noexcept {
  if (a.query.client_cookie != nullptr) {
    a.rcode = Rcode::badcookie;
  } else {
    a.tc = true;
  }
}

std::span<const std::uint8_t> address_of(const Client& client) noexcept {
  return {client.address.data(), client.v6 ? 16U : 4U};
}

}  // namespace

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
  bool is_over_rate(Answer& a) noexcept;
  static void finish(Answer& a, Reply& reply) noexcept;
  void count(const Answer& a, const Request& request, const Reply& reply) noexcept;

  const answers::Table& table;
  const ResponderOptions options;
  std::atomic<const Rules*> rules;
  const Rules* now = nullptr;  // the rules of this batch
  const PrefixList rate_exempt;
  std::unique_ptr<RateLimiter> limiter;  // null = off
  const bool guarded;                    // UDP clients must show who they are, for one reason or another
  Counters counters;
  Scratch scratch;
  std::array<Pending, kGroup> pending;
};

Responder::Impl::Impl(const answers::Table& t, const ResponderOptions& o)
    : table(t),
      options(o),
      rules(make_rules(o)),
      rate_exempt(o.rate_limit_exempt),
      limiter(o.rate_limit.responses_per_second != 0 ? std::make_unique<RateLimiter>(o.rate_limit, o.sample_key)
                                                     : nullptr),
      guarded(limiter != nullptr || o.cookies == CookiePolicy::require) {}

const Responder::Impl::Rules* Responder::Impl::make_rules(const ResponderOptions& o) const {
  return new Rules{Access(o.allow_query, o.zone_access, table.key()), o.cookie_secrets};
}

void Responder::set_rules(const ResponderOptions& options, answers::Reclaimer& reclaimer) {
  const auto* before = impl_->rules.exchange(impl_->make_rules(options), std::memory_order_acq_rel);
  reclaimer.retire([before] { delete before; });
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

void Responder::Impl::set_edns(Answer& a, const Request& request, Cookie& cookie) const noexcept {
  const wire::Query& q = a.query;
  a.edns.udp_size = options.udp_size;
  a.edns.dnssec_ok = q.dnssec_ok;
  a.edns.nsid = options.nsid;
  a.edns.ecs = q.has_ecs;  // no answer of ours depends on it yet: scope 0 (RFC 7871 7.2.1)
  if (request.transport == Transport::tcp) a.edns.keepalive = request.overloaded ? 0 : options.tcp_idle_deciseconds;
  if (q.client_cookie != nullptr && options.cookies != CookiePolicy::off) {
    cookie = make_cookie(q.client_cookie, static_cast<std::uint32_t>(a.time.second), address_of(a.client),
                         now->secrets.secret[0]);
    a.edns.cookie = cookie.data();
  }
  a.reserved = wire::opt_size(q, a.edns);
  if (a.reserved > a.writer.room()) {  // the longest question with every option: the optional ones go
    a.edns.nsid = {};
    a.edns.keepalive = -1;
    a.reserved = wire::opt_size(q, a.edns);
  }
  a.writer.reserve_tail(a.reserved);
}

void Responder::Impl::write(const Request& request, const Pending& p, Reply& reply, const BatchTime& time) noexcept {
  const bool udp = request.transport == Transport::udp;
  bump(counters.requests[udp ? 0 : 1]);
  // 512 is what every client accepts (RFC 1035 4.2.1) and what header, the longest question and OPT fit into.
  const std::size_t size = !udp ? 65'535 : std::max<std::size_t>(512, std::min(p.query.udp_size, options.udp_size));
  const std::size_t limit = !udp || p.query.edns ? size : 512;
  reply.size = 0;
  if (p.parsed == Parsed::drop || reply.buffer.size() < 512) {
    bump(counters.dropped);
    return;
  }
  if (options.hand_over != nullptr && options.hand_over->load(std::memory_order_relaxed) && is_for_others(p)) {
    reply.hand_over = true;
    return;
  }
  Answer a(p.query, request.client, table, options, time, scratch, wire::Writer(reply.buffer, limit));
  (void)a.writer.take(wire::kHeader);
  if (p.query.question_size != 0) (void)a.writer.put(p.query.question, p.query.question_size);
  Cookie cookie;
  set_edns(a, request, cookie);
  if (now->access.has_zones()) [[unlikely]]
    a.access = &now->access;
  const bool proven = !guarded || !udp || has_valid_cookie(a);
  decide(a, p, proven);
  if (!proven && limiter != nullptr && is_over_rate(a)) return;
  finish(a, reply);
  count(a, request, reply);
}

bool Responder::Impl::has_valid_cookie(const Answer& a) const noexcept {
  const wire::Query& q = a.query;
  return q.server_cookie != nullptr && options.cookies != CookiePolicy::off &&
         is_valid_cookie(q.client_cookie, {q.server_cookie, q.server_cookie_size},
                         static_cast<std::uint32_t>(a.time.second), address_of(a.client), now->secrets);
}

// True: no reply. What is slipped has neither records nor a code that a client would take for the answer.
bool Responder::Impl::is_over_rate(Answer& a) noexcept {
  if (rate_exempt.contains(a.client)) return false;
  const ReplyKind kind = kind_of(a);
  switch (limiter->judge(a.client, kind, a.time.tick)) {
    case RateLimiter::Verdict::send:
      return false;
    case RateLimiter::Verdict::drop:
      bump(counters.rate_dropped);
      return true;
    case RateLimiter::Verdict::slip:
      break;
  }
  bump(counters.rate_slipped);
  if (kind != ReplyKind::error) a.strip();  // an error is as short as can be
  return false;
}

void Responder::Impl::decide(Answer& a, const Pending& p, bool proven) noexcept {
  if (!p.allowed) {
    a.rcode = Rcode::refused;
    return a.explain(wire::ede::prohibited);
  }
  switch (p.parsed) {
    case Parsed::formerr:
      a.rcode = Rcode::formerr;
      return;
    case Parsed::badvers:
      a.rcode = Rcode::badvers;
      return;
    case Parsed::notimp:
      a.rcode = Rcode::notimp;
      return a.explain(wire::ede::not_supported);
    case Parsed::ok:
    case Parsed::drop:
      break;
  }
  if (p.query.question_size == 0) {  // a cookie alone (RFC 7873 5.4)
    if (p.query.server_cookie != nullptr && !has_valid_cookie(a)) a.rcode = Rcode::badcookie;
    return;
  }
  if (!proven && options.cookies == CookiePolicy::require) return ask_for_cookie(a);
  if (p.query.klass == wire::klass::ch) return respond_chaos(a);
  if (p.query.klass != wire::klass::in) {  // ANY (255) as well: nobody but scanners asks
    a.rcode = Rcode::refused;
    return a.explain(wire::ede::not_supported, "class IN only");
  }
  if (!p.ready) {  // never NXDOMAIN, which would be cached
    a.rcode = Rcode::servfail;
    return a.explain(wire::ede::not_ready);
  }
  answer_query(a, p.name, p.found);
}

void Responder::Impl::finish(Answer& a, Reply& reply) noexcept {
  a.writer.release_tail(a.reserved);
  a.edns.rcode = a.rcode;
  if (a.query.edns && wire::put_opt(a.writer, a.query, a.edns)) ++a.counts.additional;
  wire::put_header(a.writer.data(), a.query, {a.rcode, a.aa, a.tc}, a.counts);
  reply.size = a.writer.size();
}

void Responder::Impl::count(const Answer& a, const Request&, const Reply& reply) noexcept {
  const auto rcode = static_cast<std::size_t>(a.rcode);
  bump(counters.rcodes[std::min(rcode, counters.rcodes.size() - 1)]);
  if (a.query.question_size != 0) bump(counters.types[type_counter(a.query.type)]);
  if (a.tc) bump(counters.truncated);
  if (a.fail_open) bump(counters.fail_open);
  bump(counters.bytes_out, reply.size);
}

}  // namespace dnsd::serve
