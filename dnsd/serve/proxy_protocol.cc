#include "dnsd/serve/proxy_protocol.h"

#include <algorithm>
#include <cstring>

#include "dnsd/wire/writer.h"

namespace dnsd::serve {
namespace {

constexpr std::uint8_t kSignature[12] = {'\r', '\n', '\r', '\n', 0, '\r', '\n', 'Q', 'U', 'I', 'T', '\n'};
constexpr std::size_t kFixed = 16;  // signature, version and command, family and transport, length
constexpr std::uint8_t kLocal = 0x20, kProxy = 0x21;
constexpr std::uint8_t kUnspecified = 0, kIpv4 = 1, kIpv6 = 2;  // the upper half of the family octet
constexpr std::uint8_t kStream = 1, kDatagram = 2;              // the lower one: how the client came, not the proxy

// Two addresses and two ports follow the fixed part: source first.
ProxyHeader read_addresses(std::span<const std::uint8_t> octets, std::size_t size, bool v6) noexcept {
  const std::size_t address = v6 ? 16 : 4;
  if (size < kFixed + 2 * address + 4) return {};
  ProxyHeader out{ProxyHeader::Kind::proxied, size, {}};
  out.client.v6 = v6;
  std::memcpy(out.client.address.data(), octets.data() + kFixed, address);
  out.client.port = wire::get16(octets.data() + kFixed + 2 * address);
  return out;
}

}  // namespace

ProxyHeader parse_proxy_header(std::span<const std::uint8_t> octets) noexcept {
  using Kind = ProxyHeader::Kind;
  if (!std::equal(kSignature, kSignature + std::min(octets.size(), sizeof kSignature), octets.begin())) return {};
  if (octets.size() < kFixed) return {Kind::partial, 0, {}};
  const std::size_t size = kFixed + wire::get16(octets.data() + 14);
  const std::uint8_t command = octets[12];
  if (size > kMaxProxyHeader || (command != kLocal && command != kProxy)) return {};
  if (octets.size() < size) return {Kind::partial, 0, {}};
  if (command == kLocal) return {Kind::local, size, {}};
  const auto family = static_cast<std::uint8_t>(octets[13] >> 4);
  const auto transport = static_cast<std::uint8_t>(octets[13] & 15);
  if (family == kUnspecified && transport == 0) return {Kind::local, size, {}};
  if ((family != kIpv4 && family != kIpv6) || (transport != kStream && transport != kDatagram)) return {};
  return read_addresses(octets, size, family == kIpv6);
}

}  // namespace dnsd::serve
