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

// `address` has 4 or 16 octets. RFC 9018 4: hash of client cookie, version, reserved, timestamp, client address.
[[nodiscard]] Cookie make_cookie(const std::uint8_t* client_cookie, std::uint32_t seconds,
                                 std::span<const std::uint8_t> address,
                                 const std::array<std::uint8_t, 16>& secret) noexcept;

}  // namespace dnsd::serve
