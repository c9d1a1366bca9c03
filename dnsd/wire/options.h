// EDNS option codes and sizes, for the parser and the writer.
#pragma once

#include <cstddef>
#include <cstdint>

namespace dnsd::wire {

inline constexpr std::uint16_t kOptNsid = 3;        // RFC 5001
inline constexpr std::uint16_t kOptEcs = 8;         // RFC 7871
inline constexpr std::uint16_t kOptCookie = 10;     // RFC 7873
inline constexpr std::uint16_t kOptKeepalive = 11;  // RFC 7828
inline constexpr std::uint16_t kOptEde = 15;        // RFC 8914
inline constexpr std::size_t kOptFixed = 11;        // of the record: root owner, type, class, TTL, RDLENGTH
inline constexpr std::size_t kOptionHead = 4;       // of an option: code and length

}  // namespace dnsd::wire
