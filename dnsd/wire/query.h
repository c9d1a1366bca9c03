// Bytes -> Query. No allocation, no exceptions, no state: safe on the DNS path, fuzzed (tests/fuzz).
//
// Only the header, one question and the OPT record of the additional section are decoded; other records of a query
// are skipped by their lengths, never interpreted (incidents.md S2). QNAME may hold no compression pointer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace dnsd::wire {

inline constexpr std::size_t kHeader = 12;
inline constexpr std::size_t kMaxWireName = 255;  // RFC 1035 3.1
inline constexpr std::size_t kMaxLabels = 127;
inline constexpr std::uint8_t kLabelOctets = 63;  // of one, at most (RFC 1035 2.3.4)

enum class Rcode : std::uint16_t {
  noerror = 0,
  formerr = 1,
  servfail = 2,
  nxdomain = 3,
  notimp = 4,
  refused = 5,
  yxdomain = 6,
  yxrrset = 7,  // RFC 2136 2.2, as the next three
  nxrrset = 8,
  notauth = 9,  // also RFC 8945 5.2
  notzone = 10,
  badvers = 16,
  badcookie = 23,
};

namespace type {
inline constexpr std::uint16_t a = 1, ns = 2, cname = 5, soa = 6, ptr = 12, hinfo = 13, mx = 15, txt = 16, aaaa = 28,
                               srv = 33, naptr = 35, dname = 39, opt = 41, ds = 43, rrsig = 46, nsec = 47, dnskey = 48,
                               nsec3 = 50, nsec3param = 51, svcb = 64, https = 65, tsig = 250, ixfr = 251, axfr = 252,
                               any = 255;
}
namespace svc_param {  // keys of SVCB and HTTPS, RFC 9460 14.3.2
inline constexpr std::uint16_t alpn = 1, port = 3;
}
namespace klass {
inline constexpr std::uint16_t in = 1, ch = 3, none = 254, any = 255;
}
namespace ede {  // RFC 8914 INFO-CODEs that we send
inline constexpr std::uint16_t other = 0, not_ready = 14, prohibited = 18, not_authoritative = 20, not_supported = 21,
                               no_reachable_authority = 22, network_error = 23, invalid_data = 24;
}

struct Query {
  std::uint16_t id = 0;
  std::uint8_t opcode = 0;
  bool rd = false;
  bool tsig = false;  // the last record is a TSIG (RFC 8945 5.1); only with the results ok and notimp
  std::uint16_t type = 0;
  std::uint16_t klass = 0;

  const std::uint8_t* question = nullptr;  // name, type, class as received: echoed byte for byte
  std::uint16_t question_size = 0;         // 0 = none (or not parsable): reply with header only
  std::uint8_t name_size = 0;              // octets of QNAME with the root label
  std::uint8_t labels = 0;                 // without the root
  std::uint8_t label_at[kMaxLabels + 1];   // offset of each label's length octet in `folded`; [labels] = root
  std::uint8_t folded[kMaxWireName + 1];   // QNAME, ASCII lower case

  bool edns = false;
  bool dnssec_ok = false;
  std::uint8_t edns_version = 0;
  std::uint16_t udp_size = 512;  // what the client accepts: at least 512 (RFC 6891 6.2.3)
  bool nsid = false;
  bool keepalive = false;                       // RFC 7828
  const std::uint8_t* client_cookie = nullptr;  // 8 octets, null = none
  const std::uint8_t* server_cookie = nullptr;
  std::uint8_t server_cookie_size = 0;
  bool has_ecs = false;         // RFC 7871, well-formed
  std::uint8_t ecs_family = 0;  // 1, 2; 0 only with prefix 0 ("use no subnet")
  std::uint8_t ecs_prefix = 0;
  std::uint8_t ecs_address[16];
};

enum class Parsed : std::uint8_t {
  ok,
  drop,     // shorter than a header, QR=1: never answered
  formerr,  // answer FORMERR; `question_size` says whether the question can be echoed, `edns` whether OPT is due
  badvers,  // EDNS version > 0
  notimp,   // opcode other than QUERY; question and OPT as far as the message has the form of a query
};

// `ok` with question_size 0 is the cookie-only query of RFC 7873 5.4 (QDCOUNT 0, a COOKIE option): `client_cookie` is
// set, there is no name, and the reply is NOERROR with the cookie. Any other QDCOUNT but 1 is formerr with nothing to
// echo. Octets after the last record are ignored. Other results than `ok` report no options: their reply has a bare
// OPT.
//
// Every field of `query` that the result allows to use is set. Reads only `packet`.
// Query::question points into `packet`.
[[nodiscard]] Parsed parse(std::span<const std::uint8_t> packet, Query& query) noexcept;

}  // namespace dnsd::wire
