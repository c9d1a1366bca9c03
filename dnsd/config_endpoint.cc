#include <fmt/format.h>

#include <charconv>

#include "dnsd/config.h"

namespace dnsd {

std::expected<AddressPort, std::string> parse_address_port(std::string_view text) {
  const auto wrong = [&](std::string_view why) {
    return std::unexpected(
        fmt::format("\"{}\" is not an address and port ({}); write 127.0.0.1:8600 or [::1]:8600", text, why));
  };
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong("no port");
  auto address = text.substr(0, colon);
  const auto digits = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size()) return wrong("port 0 to 65535");
  if (address.starts_with('[') && address.ends_with(']')) {
    const auto v6 = registry::parse_ipv6(address.substr(1, address.size() - 2));
    if (!v6) return wrong("no IPv6 address in the brackets");
    return AddressPort{registry::to_string(*v6), port};
  }
  if (registry::parse_ipv6(address)) return wrong("an IPv6 address stands in brackets");
  const auto v4 = registry::parse_ipv4(address);
  if (!v4) return wrong("no IP address; names are not resolved here");
  return AddressPort{registry::to_string(*v4), port};
}

std::string to_string(const AddressPort& endpoint) {
  const bool v6 = endpoint.address.find(':') != std::string::npos;
  return v6 ? fmt::format("[{}]:{}", endpoint.address, endpoint.port)
            : fmt::format("{}:{}", endpoint.address, endpoint.port);
}

bool is_loopback(std::string_view address) {
  if (const auto v4 = registry::parse_ipv4(address)) return v4->octets[0] == 127;
  const auto v6 = registry::parse_ipv6(address);
  return v6 && *v6 == registry::parse_ipv6("::1");
}

}  // namespace dnsd
