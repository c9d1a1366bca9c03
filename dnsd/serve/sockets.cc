#include "dnsd/serve/sockets.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <ifaddrs.h>
#include <linux/sock_diag.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <new>
#include <optional>

namespace dnsd::serve {
namespace {

std::string reason(int error) { return std::strerror(error); }

bool set_option(int fd, int level, int name, int value) {
  return ::setsockopt(fd, level, name, &value, sizeof value) == 0;
}

std::string bind_error(const Endpoint& endpoint, int error) {
  if (error == EADDRINUSE) return fmt::format("{} is already in use (another dnsd?)", to_string(endpoint));
  return fmt::format("cannot listen on {}: {}", to_string(endpoint), reason(error));
}

// Sockets that cannot be had in all their options are better than none only for the receive buffer: it needs a
// privilege above the system's limit.
Fd make_socket(const SocketAddress& address, int type) {
  Fd fd(::socket(address.family(), type | SOCK_CLOEXEC, 0));
  if (fd && address.family() == AF_INET6 && !set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1)) return {};
  return fd;
}

void size_buffer(int fd, int octets) {
  if (octets > 0 && !set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, octets)) set_option(fd, SOL_SOCKET, SO_RCVBUF, octets);
}

void forbid_endless_waits(int fd) {
  // stop() wakes the workers by shutdown(); this is the net below it. A reply that an interface does not take in a
  // second is lost, as datagrams may be.
  const timeval second{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &second, sizeof second);
}

// Path MTUs that somebody reported (or forged) never make us fragment: RFC 9715 3.1. Replies are small enough anyway.
bool ignore_path_mtu(int fd, int family) {
  return family == AF_INET6 ? set_option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_OMIT)
                            : set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT);
}

// Returns errno, 0 = bound.
int bind_udp(BoundEndpoint& bound, int workers, int receive_buffer) {
  for (int i = 0; i < workers; ++i) {
    auto fd = make_socket(bound.address, SOCK_DGRAM);
    if (!fd) return errno;
    if (!ignore_path_mtu(fd.get(), bound.address.family())) return errno;
    if (i > 0 && !set_option(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1)) return errno;
    if (::bind(fd.get(), bound.address.get(), bound.address.size) != 0) return errno;
    if (i == 0) {
      if (!set_option(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1)) return errno;
      auto size = bound.address.size;
      if (::getsockname(fd.get(), bound.address.get(), &size) != 0) return errno;
    }
    size_buffer(fd.get(), receive_buffer);
    forbid_endless_waits(fd.get());
    bound.udp.push_back(std::move(fd));
  }
  return 0;
}

int bind_tcp(BoundEndpoint& bound) {
  bound.tcp = make_socket(bound.address, SOCK_STREAM | SOCK_NONBLOCK);
  if (!bound.tcp) return errno;
  const int fd = bound.tcp.get();
  // SO_REUSEADDR: connections of an earlier run in TIME_WAIT do not hinder; a listening socket still does.
  if (!set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1)) return errno;
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);  // inherited by what is accepted: every write is a whole batch
  if (::bind(fd, bound.address.get(), bound.address.size) != 0) return errno;
  return ::listen(fd, 1024) != 0 ? errno : 0;  // the kernel lowers it to somaxconn
}

}  // namespace

std::uint16_t SocketAddress::port() const { return ntohs(storage.sin6_port); }  // the same place in sockaddr_in
void SocketAddress::set_port(std::uint16_t port) { storage.sin6_port = htons(port); }

std::expected<SocketAddress, std::string> to_socket_address(const Endpoint& endpoint) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(endpoint.address.c_str(), nullptr, &hints, &found) != 0 || !found ||
      found->ai_addrlen > sizeof(sockaddr_in6))
    return std::unexpected(fmt::format("\"{}\" is no address to listen on", endpoint.address));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, ::freeaddrinfo);
  SocketAddress out;
  std::memcpy(&out.storage, found->ai_addr, found->ai_addrlen);
  out.size = found->ai_addrlen;
  out.set_port(endpoint.port);
  return out;
}

std::string to_string(const Endpoint& endpoint) {
  const bool v6 = endpoint.address.find(':') != std::string::npos;
  return fmt::format(fmt::runtime(v6 ? "[{}]:{}" : "{}:{}"), endpoint.address, endpoint.port);
}

Client to_client(const sockaddr_in6& from) noexcept {
  Client client;
  client.port = ntohs(from.sin6_port);
  client.v6 = from.sin6_family == AF_INET6;
  if (client.v6) {
    std::memcpy(client.address.data(), &from.sin6_addr, 16);
  } else {
    std::memcpy(client.address.data(), reinterpret_cast<const char*>(&from) + offsetof(sockaddr_in, sin_addr), 4);
  }
  return client;
}

void send_datagram(int socket, const Client& to, std::span<const std::uint8_t> octets) noexcept {
  SocketAddress address;
  auto& v6 = address.storage;
  v6.sin6_family = to.v6 ? AF_INET6 : AF_INET;
  v6.sin6_port = htons(to.port);  // the same place in sockaddr_in
  address.size = to.v6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
  if (to.v6) {
    std::memcpy(&v6.sin6_addr, to.address.data(), 16);
  } else {
    std::memcpy(reinterpret_cast<char*>(&v6) + offsetof(sockaddr_in, sin_addr), to.address.data(), 4);
  }
  (void)::sendto(socket, octets.data(), octets.size(), MSG_DONTWAIT | MSG_NOSIGNAL, address.get(), address.size);
}

namespace {

std::optional<std::string> usable_address(const ifaddrs& interface, int family) {
  if (!interface.ifa_addr || interface.ifa_addr->sa_family != family) return std::nullopt;
  char text[INET6_ADDRSTRLEN];
  if (family == AF_INET) {
    const auto* in = reinterpret_cast<const sockaddr_in*>(interface.ifa_addr);
    return ::inet_ntop(family, &in->sin_addr, text, sizeof text);
  }
  const auto* in = reinterpret_cast<const sockaddr_in6*>(interface.ifa_addr);
  if (IN6_IS_ADDR_LINKLOCAL(&in->sin6_addr)) return std::nullopt;
  return ::inet_ntop(family, &in->sin6_addr, text, sizeof text);
}

std::expected<std::vector<std::string>, std::string> interface_addresses(int family) {
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return std::unexpected("cannot list the interfaces: " + reason(errno));
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(list, ::freeifaddrs);
  std::vector<std::string> out;
  for (const auto* i = list; i; i = i->ifa_next)
    if (auto address = usable_address(*i, family); address && std::ranges::find(out, *address) == out.end())
      out.push_back(std::move(*address));
  return out;
}

}  // namespace

std::expected<std::vector<Endpoint>, std::string> expand_wildcards(const std::vector<Endpoint>& endpoints) {
  std::vector<Endpoint> out;
  const auto add = [&](const std::string& address, std::uint16_t port) {
    const bool known = port != 0 && std::ranges::any_of(
                                        out, [&](const Endpoint& e) { return e.address == address && e.port == port; });
    if (!known) out.push_back({address, port});
  };
  for (const auto& endpoint : endpoints) {
    const auto address = to_socket_address(endpoint);
    if (!address) return std::unexpected(address.error());
    const auto client = to_client(address->storage);
    const bool wildcard = std::ranges::all_of(client.address, [](auto octet) { return octet == 0; });
    if (!wildcard) {
      add(endpoint.address, endpoint.port);
      continue;
    }
    const auto addresses = interface_addresses(address->family());
    if (!addresses) return std::unexpected(addresses.error());
    if (addresses->empty()) return std::unexpected(fmt::format("{}: no interface has an address", endpoint.address));
    for (const auto& one : *addresses) add(one, endpoint.port);
  }
  if (out.size() > kMaxEndpoints)
    return std::unexpected(fmt::format("{} addresses to listen on, at most {}", out.size(), kMaxEndpoints));
  return out;
}

std::expected<BoundEndpoint, std::string> bind_endpoint(const Endpoint& endpoint, int workers, int receive_buffer) {
  const auto address = to_socket_address(endpoint);
  if (!address) return std::unexpected(address.error());
  // A free UDP port whose TCP twin is taken is given up and another one asked for.
  for (int attempt = 1;; ++attempt) {
    BoundEndpoint bound{endpoint, *address, {}, {}};
    auto error = bind_udp(bound, workers, receive_buffer);
    bound.endpoint.port = bound.address.port();
    if (error == 0) error = bind_tcp(bound);
    if (error == 0) return bound;
    const bool again = endpoint.port == 0 && error == EADDRINUSE && attempt < 64;
    if (!again) return std::unexpected(bind_error(bound.endpoint, error));
  }
}

std::uint64_t socket_drops(int fd) {
  std::uint32_t values[SK_MEMINFO_VARS] = {};
  socklen_t size = sizeof values;
  if (::getsockopt(fd, SOL_SOCKET, SO_MEMINFO, values, &size) != 0) return 0;
  return values[SK_MEMINFO_DROPS];
}

Slots::Slots(std::size_t count, std::size_t octets)
    : octets_(octets), stride_(((octets + 63) / 64 | 1) * 64), size_(count * stride_) {
  void* memory = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  base_ = static_cast<std::uint8_t*>(memory);
}

Slots::~Slots() { ::munmap(base_, size_); }

}  // namespace dnsd::serve
