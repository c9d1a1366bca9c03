// Descriptors, addresses and bound sockets. Control thread, at start.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "dnsd/serve/responder.h"
#include "dnsd/serve/server.h"

namespace dnsd::serve {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) reset(std::exchange(other.fd_, -1));
    return *this;
  }
  ~Fd() { reset(); }
  void reset(int fd = -1) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
  }
  [[nodiscard]] int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

// An IPv4 or IPv6 socket address; sockaddr_in6 has room for both.
struct SocketAddress {
  sockaddr_in6 storage{};
  socklen_t size = 0;
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  [[nodiscard]] sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  [[nodiscard]] int family() const { return get()->sa_family; }
  [[nodiscard]] std::uint16_t port() const;
  void set_port(std::uint16_t port);
};

[[nodiscard]] std::expected<SocketAddress, std::string> to_socket_address(const Endpoint& endpoint);
[[nodiscard]] std::string to_string(const Endpoint& endpoint);  // "127.0.0.1:8600", "[::1]:8600"
[[nodiscard]] Client to_client(const sockaddr_in6& from) noexcept;
// From another thread than the socket's worker. What cannot be sent at once is lost, as any datagram may be.
void send_datagram(int socket, const Client& to, std::span<const std::uint8_t> octets) noexcept;

// "0.0.0.0" and "::" become the addresses that the interfaces have now, loopback included: a reply then leaves from the
// address that was asked (RFC 2181 4) without a control message per datagram. Link-local IPv6 addresses are left out
// (they need a scope; list them as "fe80::1%eth0"). An address that comes up later is served after a restart.
inline constexpr std::size_t kMaxEndpoints = 64;  // each has its own threads
[[nodiscard]] std::expected<std::vector<Endpoint>, std::string> expand_wildcards(
    const std::vector<Endpoint>& endpoints);

struct BoundEndpoint {
  Endpoint endpoint;  // the port that was bound
  SocketAddress address;
  std::vector<Fd> udp;  // one per worker, SO_REUSEPORT
  Fd tcp;               // listening, shared by the TCP workers
};

// The first UDP socket is bound without SO_REUSEPORT, so that another daemon's port is never shared silently, and
// gets the option afterwards: at no moment could someone slip in between.
[[nodiscard]] std::expected<BoundEndpoint, std::string> bind_endpoint(const Endpoint& endpoint, int workers,
                                                                      int receive_buffer);

// Datagrams that the kernel dropped for want of room in the socket's buffer.
[[nodiscard]] std::uint64_t socket_drops(int fd);

// `count` slots of memory with a stride of an odd number of cache lines, so that the first octets of the slots do not
// all fall into the same sets of the cache. Pages are touched when used.
class Slots {
 public:
  Slots(std::size_t count, std::size_t octets);
  Slots(const Slots&) = delete;
  Slots& operator=(const Slots&) = delete;
  ~Slots();
  [[nodiscard]] std::uint8_t* at(std::size_t i) const { return base_ + i * stride_; }
  [[nodiscard]] std::size_t octets() const { return octets_; }

 private:
  std::size_t octets_;
  std::size_t stride_;
  std::size_t size_;
  std::uint8_t* base_;
};

}  // namespace dnsd::serve
