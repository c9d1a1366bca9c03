// What the workers do not answer themselves: transfers, NOTIFY, UPDATE, signed queries. They hand it to another thread
// and forget it: a datagram with the socket to answer from, a TCP connection as a whole.
//
// The queue is a pair of local sockets: bounded by the kernel, written without lock, allocation or wait.
//
// Threads: give_*() by any worker, the rest by the one receiver.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "dnsd/serve/sockets.h"
#include "dnsd/serve/tcp_connection.h"

namespace dnsd::serve {

struct HandedConnection {
  Fd fd;  // not blocking
  Client client;
  Unserved in;  // from the message on that was handed over
  Untaken out;  // replies to those before it
};

class Handoff {
 public:
  // std::system_error when the system gives no sockets.
  Handoff();
  Handoff(const Handoff&) = delete;
  Handoff& operator=(const Handoff&) = delete;
  ~Handoff();  // closes connections that nobody took

  // While off, workers answer as if there were nothing to hand to. For Responder.
  void set_open(bool open) { open_.store(open, std::memory_order_relaxed); }
  [[nodiscard]] const std::atomic<bool>& open() const { return open_; }

  // False: the queue is full. The reply goes to `peer`: the client, or the proxy that it came through. `socket` stays
  // the worker's and lives as long as it.
  [[nodiscard]] bool give_datagram(std::span<const std::uint8_t> packet, const Client& client, const Client& peer,
                                   int socket) noexcept;
  [[nodiscard]] bool give_connection(std::unique_ptr<HandedConnection> connection) noexcept;

  struct Received {
    std::unique_ptr<HandedConnection> connection;  // null = a datagram:
    Client client, peer;
    int socket = -1;
    std::span<const std::uint8_t> packet;  // in `buffer`
  };
  static constexpr std::size_t kBuffer = 65'536;
  [[nodiscard]] int descriptor() const { return receiving_.get(); }  // readable when something waits
  // Nothing = nothing waits. `buffer` has at least kBuffer octets.
  [[nodiscard]] std::optional<Received> receive(std::span<std::uint8_t> buffer);

 private:
  Fd giving_, receiving_;
  std::atomic<bool> open_{false};
};

}  // namespace dnsd::serve
