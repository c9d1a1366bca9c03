#include "dnsd/wire/query.h"

#include <cstring>

#include "dnsd/wire/options.h"
#include "dnsd/wire/writer.h"

namespace dnsd::wire {
namespace {

// ASCII lower case of eight octets at once. A length octet (0..63) is below 'A', so a whole wire name may be folded
// without looking at its structure.
std::uint64_t fold8(std::uint64_t v) noexcept {
  constexpr std::uint64_t ones = 0x0101010101010101;
  const auto low = v & 0x7f * ones;
  const auto above_z = low + (0x7f - 'Z') * ones;
  const auto from_a = low + (0x80 - 'A') * ones;
  const auto upper = ~v & (from_a ^ above_z) & 0x80 * ones;
  return v | upper >> 2;
}

std::uint8_t fold1(std::uint8_t c) noexcept { return static_cast<std::uint8_t>(c >= 'A' && c <= 'Z' ? c + 32 : c); }

void fold_name(const std::uint8_t* from, std::size_t size, std::uint8_t* to) noexcept {
  std::uint64_t v;
  std::size_t i = 0;
  for (; i + 8 <= size; i += 8) {
    std::memcpy(&v, from + i, 8);
    v = fold8(v);
    std::memcpy(to + i, &v, 8);
  }
  for (; i < size; ++i) to[i] = fold1(from[i]);
}

// Walks one message. Every method advances `at_` or fails; nothing is read at or beyond `end_`.
class Cursor {
 public:
  Cursor(std::span<const std::uint8_t> packet) noexcept
      : at_(packet.data() + kHeader), end_(packet.data() + packet.size()) {}

  [[nodiscard]] std::size_t left() const noexcept { return static_cast<std::size_t>(end_ - at_); }
  [[nodiscard]] const std::uint8_t* at() const noexcept { return at_; }

  bool question(Query& q) noexcept;
  bool skip_question() noexcept { return skip_name() && advance(4); }
  bool skip_name() noexcept;
  bool advance(std::size_t octets) noexcept {
    if (octets > left()) return false;
    at_ += octets;
    return true;
  }

 private:
  const std::uint8_t* at_;
  const std::uint8_t* end_;
};

bool Cursor::question(Query& q) noexcept {
  const auto* const name = at_;
  // One octet for the root is kept free, so the loop needs a single bound for packet and name together.
  const auto room = left() < kMaxWireName ? left() : kMaxWireName;
  std::size_t at = 0;
  std::size_t labels = 0;
  while (true) {
    if (at >= room) return false;
    const auto length = name[at];
    if (length == 0) break;
    if (length > 63) return false;  // a compression pointer or a reserved label type
    q.label_at[labels++] = static_cast<std::uint8_t>(at);
    at += 1u + length;
  }
  const auto size = at + 1;
  if (left() < size + 4) return false;
  q.label_at[labels] = static_cast<std::uint8_t>(at);
  q.labels = static_cast<std::uint8_t>(labels);
  q.name_size = static_cast<std::uint8_t>(size);
  fold_name(name, size, q.folded);
  q.type = get16(name + size);
  q.klass = get16(name + size + 2);
  q.question = name;
  q.question_size = static_cast<std::uint16_t>(size + 4);
  at_ += size + 4;
  return true;
}

// A name that is not looked at may be compressed; the pointer ends it and is not followed.
bool Cursor::skip_name() noexcept {
  const auto* const start = at_;
  while (at_ < end_) {
    const auto length = *at_;
    if (length == 0) return advance(1);
    if ((length & 0xc0) == 0xc0) return advance(2);
    if (length > 63 || !advance(1u + length)) return false;
    if (static_cast<std::size_t>(at_ - start) >= kMaxWireName) return false;
  }
  return false;
}

// RFC 7871 6: no bits beyond the prefix, no octets beyond it, scope 0. Family 0 with nothing in it is how clients ask
// for "no subnet"; other families cannot be judged and are refused as malformed.
bool read_ecs(const std::uint8_t* data, std::size_t size, Query& q) noexcept {
  if (size < 4) return false;
  const auto family = get16(data);
  const auto prefix = data[2];
  if (family > 2 || data[3] != 0) return false;
  constexpr std::uint8_t widest[] = {0, 32, 128};
  const std::size_t octets = (prefix + 7u) / 8;
  if (prefix > widest[family] || size != 4 + octets) return false;
  if (prefix % 8 != 0 && (data[3 + octets] & 0xff >> prefix % 8) != 0) return false;
  if (q.has_ecs) return true;  // the first one counts
  q.has_ecs = true;
  q.ecs_family = static_cast<std::uint8_t>(family);
  q.ecs_prefix = prefix;
  std::memset(q.ecs_address, 0, sizeof q.ecs_address);
  std::memcpy(q.ecs_address, data + 4, octets);
  return true;
}

bool read_cookie(const std::uint8_t* data, std::size_t size, Query& q) noexcept {
  if (size != 8 && (size < 16 || size > 40)) return false;  // RFC 7873 5.2.2
  if (q.client_cookie) return true;                         // 5.2: the first one counts
  q.client_cookie = data;
  q.server_cookie = size > 8 ? data + 8 : nullptr;
  q.server_cookie_size = static_cast<std::uint8_t>(size - 8);
  return true;
}

bool read_options(const std::uint8_t* at, std::size_t size, Query& q) noexcept {
  while (size != 0) {
    if (size < 4) return false;
    const auto code = get16(at);
    const std::size_t length = get16(at + 2);
    at += 4;
    size -= 4;
    if (length > size) return false;
    bool good = true;
    switch (code) {
      case kOptNsid:
        q.nsid = true;
        break;  // RFC 5001 2.1: a payload is ignored
      case kOptKeepalive:
        good = length == 0 || length == 2, q.keepalive = good;
        break;  // RFC 7828 3.1
      case kOptCookie:
        good = read_cookie(at, length, q);
        break;
      case kOptEcs:
        good = read_ecs(at, length, q);
        break;
      default:
        break;  // RFC 6891 6.1.2: unknown options are ignored
    }
    if (!good) return false;
    at += length;
    size -= length;
  }
  return true;
}

void forget_options(Query& q) noexcept {
  q.nsid = q.keepalive = q.has_ecs = false;
  q.client_cookie = q.server_cookie = nullptr;
  q.server_cookie_size = 0;
}

// `opt` holds the whole record: owner, fixed part and RDATA. The options of another version have a form that we do not
// know (RFC 6891 6.1.3), so they are left alone.
Parsed read_opt(const std::uint8_t* opt, std::size_t rdata_size, Query& q) noexcept {
  q.edns = true;
  const auto size = get16(opt + 3);
  q.udp_size = size < 512 ? 512 : size;
  q.edns_version = opt[6];
  q.dnssec_ok = (opt[7] & 0x80) != 0;
  if (q.edns_version != 0) return Parsed::badvers;
  return rdata_size == 0 || read_options(opt + kOptFixed, rdata_size, q) ? Parsed::ok : Parsed::formerr;
}

// The records after the question. Only their lengths matter, except for OPT.
Parsed read_records(Cursor& cursor, std::uint32_t before_additional, std::uint32_t additional, Query& q) noexcept {
  auto result = Parsed::ok;
  for (std::uint32_t i = 0; i < before_additional + additional; ++i) {
    const auto* const owner = cursor.at();
    if (!cursor.skip_name()) return Parsed::formerr;
    const auto* const fixed = cursor.at();
    if (!cursor.advance(kOptFixed - 1)) return Parsed::formerr;
    const std::size_t rdata_size = get16(fixed + 8);
    if (!cursor.advance(rdata_size)) return Parsed::formerr;
    if (get16(fixed) == type::tsig) {  // the last record of all, and the only one (RFC 8945 5.1)
      if (additional == 0 || i + 1 != before_additional + additional) return Parsed::formerr;
      q.tsig = true;
    }
    if (get16(fixed) != type::opt) continue;
    if (i < before_additional || *owner != 0 || q.edns) return Parsed::formerr;  // RFC 6891 6.1.1
    result = read_opt(owner, rdata_size, q);
    if (result == Parsed::formerr) return result;
  }
  return result;
}

void reset(Query& q) noexcept {
  q.type = q.klass = 0;
  q.question = nullptr;
  q.question_size = 0;
  q.name_size = q.labels = 0;
  q.edns = q.dnssec_ok = q.tsig = false;
  q.edns_version = 0;
  q.udp_size = 512;
  q.ecs_family = q.ecs_prefix = 0;
  forget_options(q);
}

Parsed parse_body(std::span<const std::uint8_t> packet, Query& q) noexcept {
  const auto* const counts = packet.data() + 4;
  const std::uint32_t questions = get16(counts);
  const std::uint32_t before_additional = get16(counts + 2) + get16(counts + 4);
  const std::uint32_t additional = get16(counts + 6);
  Cursor cursor(packet);
  if (questions == 1) [[likely]] {
    if (!cursor.question(q)) return Parsed::formerr;
    if (before_additional + additional == 0) return Parsed::ok;
  } else {
    // RFC 9619: never answered as a query, and nothing is echoed; walked only to learn whether an OPT is due.
    for (std::uint32_t i = 0; i < questions; ++i)
      if (!cursor.skip_question()) return Parsed::formerr;
  }
  const auto result = read_records(cursor, before_additional, additional, q);
  if (result != Parsed::ok || questions == 1) return result;
  return questions == 0 && q.client_cookie ? Parsed::ok : Parsed::formerr;  // RFC 7873 5.4
}

}  // namespace

Parsed parse(std::span<const std::uint8_t> packet, Query& query) noexcept {
  if (packet.size() < kHeader || (packet[2] & 0x80) != 0) return Parsed::drop;
  reset(query);
  query.id = get16(packet.data());
  query.opcode = packet[2] >> 3 & 0x0f;
  query.rd = (packet[2] & 0x01) != 0;
  auto result = parse_body(packet, query);
  if (query.opcode != 0) result = Parsed::notimp;
  if (result != Parsed::ok) forget_options(query);
  return result;
}

}  // namespace dnsd::wire
