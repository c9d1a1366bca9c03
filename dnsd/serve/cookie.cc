#include "dnsd/serve/cookie.h"

#include <bit>
#include <cstring>

#include "dnsd/wire/writer.h"

namespace dnsd::serve {
namespace {

static_assert(std::endian::native == std::endian::little, "SipHash reads little-endian words");

constexpr std::int32_t kOldest = 3600, kAhead = 300;  // seconds, RFC 9018 4.3

std::uint64_t word(const std::uint8_t* p) noexcept {
  std::uint64_t w;
  std::memcpy(&w, p, 8);
  return w;
}

struct Sip {
  std::uint64_t v0, v1, v2, v3;

  void round() noexcept {
    v0 += v1, v1 = std::rotl(v1, 13), v1 ^= v0, v0 = std::rotl(v0, 32);
    v2 += v3, v3 = std::rotl(v3, 16), v3 ^= v2;
    v0 += v3, v3 = std::rotl(v3, 21), v3 ^= v0;
    v2 += v1, v1 = std::rotl(v1, 17), v1 ^= v2, v2 = std::rotl(v2, 32);
  }
  void take(std::uint64_t m) noexcept {
    v3 ^= m;
    round(), round();
    v0 ^= m;
  }
};

// Over the first 16 octets of the cookie and the client's address.
std::uint64_t hash_of(const Cookie& cookie, std::span<const std::uint8_t> address,
                      const CookieSecret& secret) noexcept {
  std::array<std::uint8_t, 32> text{};
  std::memcpy(text.data(), cookie.data(), 16);
  std::memcpy(text.data() + 16, address.data(), address.size());
  return siphash24(secret, {text.data(), 16 + address.size()});
}

}  // namespace

std::uint64_t siphash24(const std::array<std::uint8_t, 16>& key, std::span<const std::uint8_t> data) noexcept {
  const std::uint64_t k0 = word(key.data());
  const std::uint64_t k1 = word(key.data() + 8);
  Sip sip{k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573};
  std::size_t at = 0;
  for (; at + 8 <= data.size(); at += 8) sip.take(word(data.data() + at));
  std::uint64_t last = static_cast<std::uint64_t>(data.size()) << 56;
  for (unsigned i = 0; at + i < data.size(); ++i) last |= std::uint64_t{data[at + i]} << (8 * i);
  sip.take(last);
  sip.v2 ^= 0xff;
  for (int i = 0; i < 4; ++i) sip.round();
  return sip.v0 ^ sip.v1 ^ sip.v2 ^ sip.v3;
}

Cookie make_cookie(const std::uint8_t* client_cookie, std::uint32_t seconds, std::span<const std::uint8_t> address,
                   const CookieSecret& secret) noexcept {
  Cookie cookie{};
  std::memcpy(cookie.data(), client_cookie, 8);
  cookie[8] = 1;  // version; three reserved octets follow
  wire::put32(cookie.data() + 12, seconds);
  const std::uint64_t hash = hash_of(cookie, address, secret);
  std::memcpy(cookie.data() + 16, &hash, 8);
  return cookie;
}

bool is_valid_cookie(const std::uint8_t* client_cookie, std::span<const std::uint8_t> server, std::uint32_t seconds,
                     std::span<const std::uint8_t> address, const CookieSecrets& secrets) noexcept {
  if (server.size() != 16 || server[0] != 1) return false;
  const auto age = static_cast<std::int32_t>(seconds - wire::get32(server.data() + 4));  // serial arithmetic, RFC 1982
  if (age > kOldest || age < -kAhead) return false;
  Cookie cookie;
  std::memcpy(cookie.data(), client_cookie, 8);
  std::memcpy(cookie.data() + 8, server.data(), 16);
  const std::uint64_t hash = word(cookie.data() + 16);
  for (std::size_t i = 0; i < secrets.count; ++i) {
    if (hash_of(cookie, address, secrets.secret[i]) == hash) return true;
  }
  return false;
}

}  // namespace dnsd::serve
