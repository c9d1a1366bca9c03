// One UDP socket and the thread that answers it: recvmmsg, respond, sendmmsg. It blocks in recvmmsg, with no epoll
// beside it: three system calls for a batch would be one too many (reference measurements: two calls for 16 queries).
//
// Threads: run() is the worker's own; stop() and the counters may be used from any thread.
#pragma once

#include <sys/socket.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>

#include "dnsd/answers/reclaim.h"
#include "dnsd/serve/access.h"
#include "dnsd/serve/batch.h"
#include "dnsd/serve/in_hand.h"
#include "dnsd/serve/sockets.h"

namespace dnsd::serve {

class UdpWorker {
 public:
  // More than any query needs; a longer datagram is dropped and counted.
  static constexpr std::size_t kMaxQuery = 4096;

  // `proxies`: who may speak for clients; each datagram then begins with a PROXY header. Null = a plain socket.
  UdpWorker(Fd socket, const SocketAddress& own, std::size_t reply_octets, BatchHandler handler,
            answers::Reclaimer& reclaimer, const PrefixList* proxies = nullptr);

  void run();
  // Answers what the socket holds, then run() returns. shutdown() fails with ENOTCONN on an unconnected UDP socket and
  // wakes its readers all the same (Linux: inet_shutdown sets RCV_SHUTDOWN and signals the state change); should a
  // kernel not do so, SO_RCVTIMEO ends the wait within a second.
  void stop();

  [[nodiscard]] std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t proxy_refused() const { return proxy_refused_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t late() const { return in_hand_.late(); }
  [[nodiscard]] std::uint64_t kernel_drops() const { return socket_drops(socket_.get()); }

 private:
  [[nodiscard]] std::size_t receive(int flags);
  void answer(std::size_t received);
  [[nodiscard]] bool is_welcome(const msghdr& from, const Client& client) const;
  [[nodiscard]] bool take_proxy_header(Request& request) const;
  [[nodiscard]] bool hand_over(std::size_t i);
  [[nodiscard]] bool wait_for_room(std::chrono::steady_clock::time_point deadline) const;
  void send(std::size_t count);

  Fd socket_;
  SocketAddress own_;
  Client own_client_;
  BatchHandler handler_;
  InHand in_hand_;
  const PrefixList* proxies_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> dropped_{0}, proxy_refused_{0};

  Slots queries_;
  Slots answers_;
  std::array<sockaddr_in6, kMaxBatch> from_{};
  std::array<iovec, kMaxBatch> in_{}, out_{};
  std::array<mmsghdr, kMaxBatch> received_{}, sent_{};
  std::array<Request, kMaxBatch> requests_{};
  std::array<Reply, kMaxBatch> replies_{};
  std::array<std::uint8_t, kMaxBatch> source_{};  // which received message a request came from
};

}  // namespace dnsd::serve
