// DNS cookies, RFC 7873 with the server cookie of RFC 9018: interoperable, keyed by SipHash-2-4.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace dnsd::serve {

// SipHash-2-4 (Aumasson, Bernstein). Own code: EVP's takes longer than the rest of an answer.
[[nodiscard]] std::uint64_t siphash24(const std::array<std::uint8_t, 16>& key,
                                      std::span<const std::uint8_t> data) noexcept;

using Cookie = std::array<std::uint8_t, 24>;  // client cookie (8), version, reserved (3), time (4), hash (8)
using CookieSecret = std::array<std::uint8_t, 16>;

// Cookies are made with the first secret and accepted of each: a new one is first accepted everywhere, then used, and
// the old one goes an hour later (RFC 9018 5). That takes two; four leave room for one that leaked meanwhile.
inline constexpr std::size_t kMaxCookieSecrets = 4;
enum class CookiePolicy : std::uint8_t {
  off,      // not looked at, not answered
  lenient,  // answered; who brings none is served all the same
  require,  // over UDP only who brings a valid one is served; others get BADCOOKIE, without the option TC
};
struct CookieSecrets {
  std::array<CookieSecret, kMaxCookieSecrets> secret{};
  std::size_t count = 1;
  bool operator==(const CookieSecrets&) const = default;
};

// `address` has 4 or 16 octets. RFC 9018 4: hash of client cookie, version, reserved, timestamp, client address.
[[nodiscard]] Cookie make_cookie(const std::uint8_t* client_cookie, std::uint32_t seconds,
                                 std::span<const std::uint8_t> address, const CookieSecret& secret) noexcept;

// RFC 9018 4.3: made by one of ours for this client, at most an hour ago; clocks of an anycast group may differ by five
// minutes. The reserved octets count as they came. `server` is what follows the client cookie.
[[nodiscard]] bool is_valid_cookie(const std::uint8_t* client_cookie, std::span<const std::uint8_t> server,
                                   std::uint32_t seconds, std::span<const std::uint8_t> address,
                                   const CookieSecrets& secrets) noexcept;

}  // namespace dnsd::serve
