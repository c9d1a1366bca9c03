// One reply: whose work it is, what EDNS says, whether it is sent at all, its header.
#include <algorithm>

#include "dnsd/serve/batch.h"
#include "dnsd/serve/responder_impl.h"

namespace dnsd::serve {

using wire::Parsed;
using wire::Rcode;

namespace {

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

// RFC 6895 3.1: types 128 to 255 are for servers to interpret; of those ANY alone is a question.
bool is_forwarded(const wire::Query& q) noexcept {
  const bool meta = (q.type >= 128 && q.type < wire::type::any) || q.type == wire::type::opt || q.type == 0;
  return q.rd && !meta;
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
  reply.hand_over = Handover::none;
  if (p.parsed == Parsed::drop || reply.buffer.size() < 512) {
    bump(counters.dropped);
    return;
  }
  if (options.hand_over != nullptr && options.hand_over->load(std::memory_order_relaxed) && is_for_others(p)) {
    if (!udp || limiter == nullptr || is_below_rate(request.client, time)) reply.hand_over = Handover::maintenance;
    return;
  }
  Answer a(p.query, request.client, table, options, time, scratch, wire::Writer(reply.buffer, limit));
  (void)a.writer.take(wire::kHeader);
  if (p.query.question_size != 0) (void)a.writer.put(p.query.question, p.query.question_size);
  Cookie cookie;
  set_edns(a, request, cookie);
  if (now->access.has_zones()) [[unlikely]]
    a.access = &now->access;
  a.ra = options.forwards && may_recurse(request.client);
  const bool proven = !guarded || !udp || has_valid_cookie(a);
  decide(a, p, proven);
  const bool forward = a.left != Left::no && a.ra && is_forwarded(p.query);
  auto verdict = RateLimiter::Verdict::send;
  if (!proven && limiter != nullptr) verdict = limit_rate(a, forward ? ReplyKind::answer : kind_of(a));
  if (verdict == RateLimiter::Verdict::drop) return;
  if (forward && verdict == RateLimiter::Verdict::send) {
    reply.hand_over = Handover::forwarding;
    if (a.left == Left::at_once) return;
  }
  finish(a, reply);
  count(a, request, reply);
}

bool Responder::Impl::has_valid_cookie(const Answer& a) const noexcept {
  const wire::Query& q = a.query;
  return q.server_cookie != nullptr && options.cookies != CookiePolicy::off &&
         is_valid_cookie(q.client_cookie, {q.server_cookie, q.server_cookie_size},
                         static_cast<std::uint32_t>(a.time.second), address_of(a.client), now->secrets);
}

// What is slipped has neither records nor a code that a client would take for the answer.
RateLimiter::Verdict Responder::Impl::limit_rate(Answer& a, ReplyKind kind) noexcept {
  using enum RateLimiter::Verdict;
  if (rate_exempt.contains(a.client)) return send;
  const auto verdict = limiter->judge(a.client, kind, a.time.tick);
  if (verdict == drop) bump(counters.rate_dropped);
  if (verdict == slip) bump(counters.rate_slipped);
  if (verdict == slip && kind != ReplyKind::error) a.strip();  // an error is as short as can be
  return verdict;
}

// What others answer: a forged NOTIFY or signature costs them more than an answer costs us.
bool Responder::Impl::is_below_rate(const Client& client, const BatchTime& time) noexcept {
  if (rate_exempt.contains(client)) return true;
  if (limiter->judge(client, ReplyKind::error, time.tick) == RateLimiter::Verdict::send) return true;
  bump(counters.rate_dropped);
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
  if (p.query.question_size == 0 && options.cookies == CookiePolicy::off) {
    a.rcode = Rcode::formerr;
    return;
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
  wire::put_header(a.writer.data(), a.query, {.rcode = a.rcode, .aa = a.aa, .tc = a.tc, .ra = a.ra}, a.counts);
  reply.size = a.writer.size();
  reply.block = a.block;
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
