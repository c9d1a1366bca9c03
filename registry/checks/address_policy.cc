#include "registry/checks/address_policy.h"

#include <fmt/format.h>
#include <ifaddrs.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace registry::checks {
namespace {

namespace asio = boost::asio;
using asio::ip::address;
using asio::ip::address_v4;
using asio::ip::address_v6;
using asio::ip::tcp;

// An IPv6 address that leads to an IPv4 one is judged as that one: mapped ::ffff:0:0/96 (RFC 4291 2.5.5.2), the
// obsolete compatible ::/96 (2.5.5.1), NAT64 64:ff9b::/96 (RFC 6052 2.1) and 6to4 2002::/16 (RFC 3056 2).
address unwrapped(const address& given) {
  if (given.is_v4()) return given;
  const auto b = given.to_v6().to_bytes();
  const auto zero = [&b](std::size_t from, std::size_t to) {
    return std::all_of(b.begin() + from, b.begin() + to, [](std::uint8_t octet) { return octet == 0; });
  };
  const auto v4_at = [&b](std::size_t at) { return address_v4({b[at], b[at + 1], b[at + 2], b[at + 3]}); };
  if (zero(0, 10) && b[10] == 0xff && b[11] == 0xff) return v4_at(12);
  if (zero(0, 12) && !(zero(12, 15) && b[15] <= 1)) return v4_at(12);  // :: and ::1 are themselves
  if (b[0] == 0x00 && b[1] == 0x64 && b[2] == 0xff && b[3] == 0x9b && zero(4, 12)) return v4_at(12);
  if (b[0] == 0x20 && b[1] == 0x02) return v4_at(2);
  return given;
}

// Metadata services of clouds that are not on a link-local address.
const std::array<address, 3> kMetadata = {asio::ip::make_address("100.100.100.200"),
                                          asio::ip::make_address("fd00:ec2::254"),
                                          asio::ip::make_address("fd20:ce::254")};

std::string_view special(const address& a) {
  if (std::ranges::find(kMetadata, a) != kMetadata.end()) return "a metadata service";
  if (a.is_multicast()) return "multicast";
  if (a.is_v4()) {
    const auto b = a.to_v4().to_bytes();
    if (b[0] == 0) return "unspecified";  // 0.0.0.0/8 reaches this host (RFC 1122 3.2.1.3)
    if (b[0] == 169 && b[1] == 254) return "link-local";
    if (a.to_v4() == address_v4::broadcast()) return "broadcast";
    return {};
  }
  if (a.is_unspecified()) return "unspecified";
  if (a.to_v6().is_link_local()) return "link-local";
  return {};
}

bool within(const Prefix& prefix, const address& a) {
  if (a.is_v4()) return prefix.contains(Ipv4{a.to_v4().to_bytes()});
  return prefix.contains(Ipv6{a.to_v6().to_bytes()});
}

// Interfaces come and go, so they are read when asked; that is only for targets on a port of a wildcard listener.
bool is_of_this_machine(const address& a) {
  if (a.is_loopback()) return true;
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return true;  // cannot tell: do not probe
  bool found = false;
  for (const ifaddrs* i = list; i != nullptr && !found; i = i->ifa_next) {
    if (i->ifa_addr == nullptr) continue;
    if (i->ifa_addr->sa_family == AF_INET && a.is_v4()) {
      sockaddr_in in{};
      std::memcpy(&in, i->ifa_addr, sizeof in);
      found = address_v4(ntohl(in.sin_addr.s_addr)) == a.to_v4();
    } else if (i->ifa_addr->sa_family == AF_INET6 && a.is_v6()) {
      sockaddr_in6 in{};
      std::memcpy(&in, i->ifa_addr, sizeof in);
      address_v6::bytes_type bytes;
      std::memcpy(bytes.data(), &in.sin6_addr, bytes.size());
      found = address_v6(bytes) == a.to_v6();
    }
  }
  freeifaddrs(list);
  return found;
}

tcp::endpoint parse_endpoint(std::string_view text) {
  const auto colon = text.rfind(':');
  std::string_view host = text.substr(0, colon == text.npos ? 0 : colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  boost::system::error_code failed;
  const address parsed = asio::ip::make_address(std::string(host), failed);
  std::uint16_t port = 0;
  const std::string_view digits = colon == text.npos ? std::string_view{} : text.substr(colon + 1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (failed || error != std::errc{} || end != digits.data() + digits.size()) {
    throw std::invalid_argument(fmt::format("\"{}\" is not an endpoint such as 127.0.0.1:8500 or [::1]:8500", text));
  }
  return {parsed, port};
}

}  // namespace

address to_asio(const Ipv4& a) { return address_v4(a.octets); }
address to_asio(const Ipv6& a) { return address_v6(a.octets); }

AddressPolicy::AddressPolicy(std::vector<Prefix> forbidden, const std::vector<std::string>& endpoints)
    : forbidden_(std::move(forbidden)) {
  for (const std::string& text : endpoints) {
    const tcp::endpoint parsed = parse_endpoint(text);
    own_.emplace_back(unwrapped(parsed.address()), parsed.port());
  }
}

std::optional<std::string> AddressPolicy::refuses(const address& given) const {
  const address real = unwrapped(given);
  if (const auto why = special(real); !why.empty()) return fmt::format("{} is {}", given.to_string(), why);
  for (const Prefix& prefix : forbidden_) {
    if (within(prefix, given) || within(prefix, real)) {
      return fmt::format("{} is in the forbidden {}", given.to_string(), registry::to_string(prefix));
    }
  }
  return std::nullopt;
}

std::optional<std::string> AddressPolicy::refuses(const tcp::endpoint& endpoint) const {
  if (auto why = refuses(endpoint.address())) return why;
  const address real = unwrapped(endpoint.address());
  for (const tcp::endpoint& own : own_) {
    if (own.port() != endpoint.port()) continue;
    if (own.address() == real || (own.address().is_unspecified() && is_of_this_machine(real))) {
      return fmt::format("port {} of {} is this server's own", endpoint.port(), endpoint.address().to_string());
    }
  }
  return std::nullopt;
}

}  // namespace registry::checks
