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

// allow_query: prefixes as masks over two words.
struct AllowList {
  struct Rule {
    std::uint64_t net[2], mask[2];
    bool v6;
  };
  std::vector<Rule> rules;

  explicit AllowList(const std::vector<registry::Prefix>& prefixes) {
    for (const auto& prefix : prefixes) {
      std::array<std::uint8_t, 16> mask{};
      for (unsigned bit = 0; bit < prefix.bits; ++bit) mask[bit / 8] |= static_cast<std::uint8_t>(0x80 >> bit % 8);
      Rule rule{{}, {}, prefix.v6};
      std::memcpy(rule.net, prefix.octets.data(), 16);
      std::memcpy(rule.mask, mask.data(), 16);
      rule.net[0] &= rule.mask[0], rule.net[1] &= rule.mask[1];
      rules.push_back(rule);
    }
  }
  [[nodiscard]] bool contains(const Client& client) const noexcept {  // an empty list allows all
    std::uint64_t address[2];
    std::memcpy(address, client.address.data(), 16);
    return rules.empty() || std::any_of(rules.begin(), rules.end(), [&](const Rule& r) {
             return r.v6 == client.v6 && (address[0] & r.mask[0]) == r.net[0] && (address[1] & r.mask[1]) == r.net[1];
           });
  }
};

}  // namespace

struct Responder::Impl {
  Impl(const answers::Table& t, const ResponderOptions& o) : table(t), options(o), allow(o.allow_query) {}

  void find(std::span<const Request> requests) noexcept;
  void write(const Request& request, const Pending& pending, Reply& reply, const BatchTime& time) noexcept;
  void decide(Answer& a, const Pending& pending) noexcept;
  void set_edns(Answer& a, const Request& request, Cookie& cookie) const noexcept;
  static void finish(Answer& a, Reply& reply) noexcept;
  void count(const Answer& a, const Request& request, const Reply& reply) noexcept;

  const answers::Table& table;
  const ResponderOptions options;
  const AllowList allow;
  Counters counters;
  Scratch scratch;
  std::array<Pending, kGroup> pending;
};

Responder::Responder(const answers::Table& table, const ResponderOptions& options)
    : impl_(std::make_unique<Impl>(table, options)) {}
Responder::~Responder() = default;

const Counters& Responder::counters() const { return impl_->counters; }

void Responder::respond(std::span<const Request> requests, std::span<Reply> replies, BatchTime time) noexcept {
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
  for (std::size_t i = 0; i < requests.size(); ++i) {
    Pending& p = pending[i];
    p.parsed = wire::parse(requests[i].packet, p.query);
    p.allowed = allow.contains(requests[i].client);
    p.look_up = p.parsed == Parsed::ok && p.allowed && p.query.klass == wire::klass::in && p.query.question_size != 0;
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
    if (const auto* block = p.found.node->service.load(std::memory_order_acquire)) prefetch_lines(block, 4);
  }
}

void Responder::Impl::set_edns(Answer& a, const Request& request, Cookie& cookie) const noexcept {
  const wire::Query& q = a.query;
  a.edns.udp_size = options.udp_size;
  a.edns.dnssec_ok = q.dnssec_ok;
  a.edns.nsid = options.nsid;
  a.edns.ecs = q.has_ecs;  // no answer of ours depends on it yet: scope 0 (RFC 7871 7.2.1)
  if (request.transport == Transport::tcp) a.edns.keepalive = options.tcp_idle_deciseconds;
  if (q.client_cookie != nullptr) {
    cookie = make_cookie(q.client_cookie, static_cast<std::uint32_t>(a.time.second),
                         {a.client.address.data(), a.client.v6 ? 16U : 4U}, options.cookie_secret);
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
  decide(a, p);
  finish(a, reply);
  count(a, request, reply);
}

void Responder::Impl::decide(Answer& a, const Pending& p) noexcept {
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
      return;
    case Parsed::ok:
    case Parsed::drop:
      break;
  }
  if (p.query.question_size == 0) return;  // a cookie alone (RFC 7873 5.4)
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
