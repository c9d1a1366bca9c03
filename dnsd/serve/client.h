// Who asks: an address and a port, as the socket or a trusted proxy tells.
#pragma once

#include <array>
#include <cstdint>

namespace dnsd::serve {

struct Client {
  std::array<std::uint8_t, 16> address{};  // IPv4 in the first four octets
  bool v6 = false;
  std::uint16_t port = 0;
};

}  // namespace dnsd::serve
