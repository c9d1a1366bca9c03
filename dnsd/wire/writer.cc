#include "dnsd/wire/writer.h"

#include "dnsd/wire/options.h"

namespace dnsd::wire {
namespace {

constexpr std::size_t kCookie = 24;

std::string_view clip(std::string_view text, std::size_t most) noexcept { return text.substr(0, most); }
std::size_t ecs_octets(const Query& query) noexcept { return (query.ecs_prefix + 7u) / 8; }

bool sends_nsid(const Query& query, const EdnsReply& reply) noexcept { return query.nsid && !reply.nsid.empty(); }
bool sends_cookie(const Query& query, const EdnsReply& reply) noexcept { return query.client_cookie && reply.cookie; }
bool sends_keepalive(const Query& query, const EdnsReply& reply) noexcept {
  return query.keepalive && reply.keepalive >= 0;
}
bool sends_ecs(const Query& query, const EdnsReply& reply) noexcept { return query.has_ecs && reply.ecs; }
bool sends_ede(const EdnsReply& reply) noexcept { return reply.ede != 0xffff; }

std::uint8_t* option(std::uint8_t* at, std::uint16_t code, std::size_t size) noexcept {
  put16(at, code);
  put16(at + 2, static_cast<std::uint16_t>(size));
  return at + kOptionHead;
}

std::uint8_t* put_text(std::uint8_t* at, std::string_view text) noexcept {
  if (!text.empty()) std::memcpy(at, text.data(), text.size());
  return at + text.size();
}

}  // namespace

void put_header(std::uint8_t* at, const Query& query, Flags flags, Counts counts) noexcept {
  put16(at, query.id);
  at[2] = static_cast<std::uint8_t>(0x80 | query.opcode << 3 | flags.aa << 2 | flags.tc << 1 | int{query.rd});
  at[3] = static_cast<std::uint8_t>(flags.ra << 7 | flags.cd << 4 | (static_cast<int>(flags.rcode) & 0x0f));
  put16(at + 4, query.question_size != 0 ? 1 : 0);
  put16(at + 6, counts.answer);
  put16(at + 8, counts.authority);
  put16(at + 10, counts.additional);
}

std::size_t opt_size(const Query& query, const EdnsReply& reply) noexcept {
  if (!query.edns) return 0;
  auto size = kOptFixed;
  if (sends_nsid(query, reply)) size += kOptionHead + clip(reply.nsid, kMaxNsid).size();
  if (sends_cookie(query, reply)) size += kOptionHead + kCookie;
  if (sends_keepalive(query, reply)) size += kOptionHead + 2;
  if (sends_ecs(query, reply)) size += kOptionHead + 4 + ecs_octets(query);
  if (sends_ede(reply)) size += kOptionHead + 2 + clip(reply.ede_text, kMaxEdeText).size();
  return size;
}

bool put_opt(Writer& writer, const Query& query, const EdnsReply& reply) noexcept {
  const auto size = opt_size(query, reply);
  if (size == 0) return true;
  auto* at = writer.take(size);
  if (!at) return false;
  at[0] = 0;
  put16(at + 1, type::opt);
  put16(at + 3, reply.udp_size);
  at[5] = static_cast<std::uint8_t>(static_cast<unsigned>(reply.rcode) >> 4);
  at[6] = 0;  // our version
  at[7] = reply.dnssec_ok ? 0x80 : 0;
  at[8] = 0;
  put16(at + 9, static_cast<std::uint16_t>(size - kOptFixed));
  at += kOptFixed;
  if (sends_nsid(query, reply)) {
    const auto nsid = clip(reply.nsid, kMaxNsid);
    at = put_text(option(at, kOptNsid, nsid.size()), nsid);
  }
  if (sends_cookie(query, reply)) {
    at = option(at, kOptCookie, kCookie);
    std::memcpy(at, reply.cookie, kCookie);
    at += kCookie;
  }
  if (sends_keepalive(query, reply)) {
    at = option(at, kOptKeepalive, 2);
    put16(at, static_cast<std::uint16_t>(reply.keepalive < 0xffff ? reply.keepalive : 0xffff));
    at += 2;
  }
  if (sends_ecs(query, reply)) {
    at = option(at, kOptEcs, 4 + ecs_octets(query));
    put16(at, query.ecs_family);
    at[2] = query.ecs_prefix;
    at[3] = reply.ecs_scope;
    std::memcpy(at + 4, query.ecs_address, ecs_octets(query));
    at += 4 + ecs_octets(query);
  }
  if (sends_ede(reply)) {
    const auto text = clip(reply.ede_text, kMaxEdeText);
    at = option(at, kOptEde, 2 + text.size());
    put16(at, reply.ede);
    put_text(at + 2, text);
  }
  return true;
}

}  // namespace dnsd::wire
