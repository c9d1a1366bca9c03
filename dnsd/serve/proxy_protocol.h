// The PROXY protocol, version 2: a proxy says whom it speaks for, before the first octet of a TCP connection or of each
// datagram. Bytes -> client; knows no socket. Version 1 is text and for TCP alone; it is not read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "dnsd/serve/client.h"

namespace dnsd::serve {

// Addresses take 52 octets; the rest is for TLVs, which are skipped. 536 is what fits the smallest TCP segment, as the
// protocol's section 2 wants a header to.
inline constexpr std::size_t kMaxProxyHeader = 536;

struct ProxyHeader {
  enum class Kind : std::uint8_t {
    partial,    // not all of it is here
    malformed,  // no header, or one that does not name an IP client
    local,      // the proxy speaks for itself (health checks): the peer is the client
    proxied,    // `client` asks
  };
  Kind kind = Kind::malformed;
  std::size_t size = 0;  // of the header; local and proxied
  Client client;
};

[[nodiscard]] ProxyHeader parse_proxy_header(std::span<const std::uint8_t> octets) noexcept;

}  // namespace dnsd::serve
