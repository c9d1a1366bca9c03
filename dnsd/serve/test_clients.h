// For the tests of the sockets: a handler that echoes, and clients with deadlines.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "dnsd/serve/listeners.h"
#include "dnsd/serve/sockets.h"
#include "dnsd/wire/writer.h"

namespace dnsd::serve::testing {

using Bytes = std::vector<std::uint8_t>;

// A message of at least 14 octets: header, then the size of the reply that it wants (0 = its own).
inline Bytes message(std::uint16_t id, std::uint16_t reply_size = 0, std::size_t size = 14, std::uint8_t flags = 0) {
  Bytes out(size);
  wire::put16(out.data(), id);
  out[2] = flags;
  wire::put16(out.data() + 12, reply_size);
  return out;
}
// The same with the octets after the header as filler, so that a mix-up of buffers is seen.
inline Bytes reply_to(const Bytes& query) {
  auto out = query;
  if (const auto size = wire::get16(query.data() + 12); size != 0) out.resize(size, query[1]);
  out[2] |= 0x80;
  return out;
}

struct Echo {
  std::atomic<std::uint64_t> requests{0}, largest_batch{0};
  std::atomic<bool> hold{false};  // respond() waits: the socket's buffer fills
  std::atomic<bool> held{false};  // it has waited

  static void call(void* context, std::span<const Request> requests, std::span<Reply> replies, BatchTime) noexcept {
    auto& self = *static_cast<Echo*>(context);
    while (self.hold.load()) {
      self.held = true;
      std::this_thread::yield();
    }
    self.requests += requests.size();
    if (requests.size() > self.largest_batch) self.largest_batch = requests.size();
    for (std::size_t i = 0; i < requests.size(); ++i) {
      const auto packet = requests[i].packet;
      replies[i].size = 0;
      if (replies[i].buffer.data() == nullptr) replies[i].buffer = behind(replies[i - 1]);
      if (packet.size() < 14 || (packet[2] & 0x80) != 0) continue;
      const auto reply = reply_to({packet.begin(), packet.end()});
      if (reply.size() > replies[i].buffer.size()) continue;
      std::memcpy(replies[i].buffer.data(), reply.data(), reply.size());
      replies[i].size = reply.size();
    }
  }
};

struct TestServer {
  explicit TestServer(const std::function<void(ServerOptions&)>& change = {}) {
    options.listen = {{"127.0.0.1", 0}};
    options.workers = 2;
    options.responder.udp_size = 1232;
    if (change) change(options);
    listeners = std::make_unique<Listeners>(
        options,
        [this] {
          return BatchHandler{Echo::call, &echo};
        },
        reclaimer);
  }
  TestServer& run() {
    const auto opened = listeners->open();
    EXPECT_TRUE(opened) << opened.error();
    listeners->start();
    return *this;
  }
  [[nodiscard]] Endpoint endpoint() const { return listeners->endpoints().front(); }

  ServerOptions options;
  Echo echo;
  answers::Reclaimer reclaimer;
  std::unique_ptr<Listeners> listeners;
};

// Until the condition holds, at most 10 s.
inline bool eventually(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

class Peer {
 public:
  Peer(int type, const Endpoint& to, const char* from = nullptr) {
    const auto address = *to_socket_address(to);
    fd_ = Fd(::socket(address.family(), type | SOCK_CLOEXEC, 0));
    const timeval deadline{10, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof deadline);
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &deadline, sizeof deadline);
    const int on = 1;
    if (type == SOCK_STREAM) ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (from) {
      const auto own = *to_socket_address({from, 0});
      EXPECT_EQ(::bind(fd_.get(), own.get(), own.size), 0);
    }
    EXPECT_EQ(::connect(fd_.get(), address.get(), address.size), 0) << std::strerror(errno);
  }
  [[nodiscard]] int fd() const { return fd_.get(); }
  void send(const Bytes& octets) const {
    std::size_t done = 0;
    while (done < octets.size()) {
      const auto sent = ::send(fd_.get(), octets.data() + done, octets.size() - done, MSG_NOSIGNAL);
      ASSERT_GT(sent, 0) << std::strerror(errno);
      done += static_cast<std::size_t>(sent);
    }
  }

 private:
  Fd fd_;
};

class UdpPeer : public Peer {
 public:
  explicit UdpPeer(const Endpoint& to) : Peer(SOCK_DGRAM, to) {}
  [[nodiscard]] Bytes receive(int flags = 0) const {  // empty = none
    Bytes out(65'535);
    const auto got = ::recv(fd(), out.data(), out.size(), flags);
    out.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return out;
  }
};

class TcpPeer : public Peer {
 public:
  explicit TcpPeer(const Endpoint& to, const char* from = nullptr) : Peer(SOCK_STREAM, to, from) {}
  [[nodiscard]] static Bytes frame(const Bytes& message) {
    Bytes out(2);
    wire::put16(out.data(), static_cast<std::uint16_t>(message.size()));
    out.insert(out.end(), message.begin(), message.end());
    return out;
  }
  // Exactly `octets`, fewer at the end of the stream.
  [[nodiscard]] Bytes read(std::size_t octets) const {
    Bytes out(octets);
    std::size_t done = 0;
    while (done < octets) {
      const auto got = ::recv(fd(), out.data() + done, octets - done, 0);
      if (got <= 0) break;
      done += static_cast<std::size_t>(got);
    }
    out.resize(done);
    return out;
  }
  [[nodiscard]] Bytes receive() const {  // one message, empty = none
    const auto head = read(2);
    return head.size() < 2 ? Bytes{} : read(wire::get16(head.data()));
  }
  [[nodiscard]] bool ends_in_order() const {  // FIN, not a reset, not silence
    char octet;
    return ::recv(fd(), &octet, 1, 0) == 0;
  }
  [[nodiscard]] bool answers(std::uint16_t id) const {
    send(frame(message(id)));
    return receive() == reply_to(message(id));
  }
};

}  // namespace dnsd::serve::testing
