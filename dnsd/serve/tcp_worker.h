// TCP connections of one thread: epoll, frames, batches, one write for all that one read asked, deadlines. Single short
// queries, the usual case, are read from all connections that have one, then answered together, then sent.
//
// Threads: run() is the worker's own; stop() and the counters may be used from any thread.
//
// Bounds: connections (near it idle ones have less time, over it the longest idle one is closed); per client (over it a
// new one is closed); one frame of input per connection, or what one read brought while the peer takes no replies;
// kReplies of replies per connection and kMaxUntaken for all of them (over it the connection is closed). While a peer
// does not take its replies, nothing is read from it.
#pragma once

#include <sys/epoll.h>

#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

#include "dnsd/answers/reclaim.h"
#include "dnsd/serve/access.h"
#include "dnsd/serve/batch.h"
#include "dnsd/serve/client_counts.h"
#include "dnsd/serve/in_hand.h"
#include "dnsd/serve/tcp_connection.h"

namespace dnsd::serve {

struct TcpLimits {
  std::size_t connections = 8192;  // of this worker
  registry::Millis idle{10'000};
  registry::Millis idle_overload{1'000};  // when seven eighths of the connections are taken
  registry::Millis io{5'000};
  registry::Millis stop{3'000};  // to take what is in flight at stop()
};

struct TcpCounters {  // the worker writes, anyone reads
  std::atomic<std::uint64_t> open{0}, accepted{0}, closed_idle{0}, refused{0}, proxy_refused{0};
};

struct Listening {
  int fd = -1;
  const PrefixList* proxies = nullptr;  // who may speak for clients, in a PROXY header; null = a plain socket
};

class TcpWorker {
 public:
  static constexpr std::size_t kMaxUntaken = 64u << 20;
  static constexpr std::size_t kReadSize = 65'536;
  static constexpr std::size_t kShortQuery = 512;  // header, the longest question and what clients add in OPT
  // Replies are collected up to kCollect and then sent; a batch that is begun always has room.
  static constexpr std::size_t kCollect = 262'144;
  static constexpr std::size_t kReplies = kCollect + kMaxBatch * kMaxFrame;
  // No reply that a service has a part in is shorter: its length, header, a question of two labels.
  static constexpr std::size_t kLeastFrame = kFrameHead + 12 + 9;

  TcpWorker(std::vector<Listening> listening, TcpLimits limits, ClientCounts& clients, BatchHandler handler,
            answers::Reclaimer& reclaimer);

  void run();
  void stop();  // answers what was received, waits for it to be taken at most limits.stop, closes
  [[nodiscard]] const TcpCounters& counters() const { return counters_; }
  [[nodiscard]] std::uint64_t late() const { return in_hand_.late(); }

 private:
  using Wait = Connection::Wait;

  // tcp_worker.cc: events, accepting, deadlines
  void handle(const epoll_event& event);
  void read_on(Connection& connection, bool ended);
  void accept_all(const Listening& listening);
  void admit(Fd fd, const Client& client, bool awaits_proxy);
  [[nodiscard]] bool overloaded() const { return 8 * open_ >= 7 * limits_.connections; }
  [[nodiscard]] registry::Millis limit_of(Wait wait) const;
  void make_room();
  void shed(int listening);
  void pause_accepting();
  void resume_accepting();
  void watch(int fd, std::uint32_t events, void* what, int operation);
  [[nodiscard]] int next_timeout() const;
  void expire();
  void finish(Connection& connection);
  void wind_down();
  Connections& list(Wait wait) { return lists_[static_cast<std::size_t>(wait)]; }
  void begin_wait(Connection& connection, Wait wait);
  // Edge-triggered: level-triggered, epoll looks at each connection once more after it was read. What is not read to
  // the end is asked for again (read_on).
  static constexpr std::uint32_t kReading = EPOLLIN | EPOLLRDHUP | EPOLLET;
  void close(Connection& connection);

  // tcp_stream.cc: octets
  enum class Came : std::uint8_t { nothing, all, full };  // full: there may be more to read
  Came readable(Connection& connection, bool may_gather);
  [[nodiscard]] bool gather(Connection& connection, std::span<const std::uint8_t> octets);
  void answer_gathered();
  void writable(Connection& connection);
  void settle(Connection& connection);
  void serve_kept(Connection& connection);
  std::size_t serve(Connection& connection, std::span<const std::uint8_t> octets);
  [[nodiscard]] std::size_t cut(const Connection& connection, std::span<const std::uint8_t> octets, std::size_t& done);
  [[nodiscard]] std::size_t respond(Connection& connection, std::size_t count, std::size_t filled);
  void ask(std::span<const Request> requests, std::uint8_t* first_reply);
  void write(Connection& connection, std::span<const std::uint8_t> replies);
  [[nodiscard]] std::size_t first_handed_over(std::span<const std::uint8_t> octets) const;
  void hand_over(Connection& connection);
  std::size_t take_proxy_header(Connection& connection, std::span<const std::uint8_t> octets);

  std::vector<Listening> listening_;
  TcpLimits limits_;
  ClientCounts& clients_;
  BatchHandler handler_;
  InHand in_hand_;
  TcpCounters counters_;

  Fd epoll_, wake_, reserve_;
  std::atomic<bool> stopping_{false};
  registry::Mono now_{};
  registry::Mono accept_again_ = registry::Mono::max();  // while accepting is paused
  std::array<Connections, 3> lists_;                     // by Wait
  Connections dead_;                                     // closed in this round: events of it may still name them
  std::size_t open_ = 0;
  std::size_t untaken_ = 0;  // octets of all `out`

  std::vector<std::uint8_t> read_buffer_;
  Slots answers_;  // one, of kReplies
  std::array<Request, kMaxBatch> requests_{};
  std::array<Reply, kMaxBatch> replies_{};

  // Of this round, one query each; none of these connections is closed before it is answered.
  std::array<Connection*, kMaxBatch> gathered_from_{};
  std::array<Request, kMaxBatch> gathered_requests_{};
  std::size_t gathered_ = 0;
  std::vector<std::uint8_t> gathered_octets_;  // kShortQuery for each
};

}  // namespace dnsd::serve
