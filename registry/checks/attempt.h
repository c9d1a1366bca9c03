// One question of one probe, with its deadline and, for most kinds, its one connection. Whatever ends it early (the
// deadline, a changed definition, the end of the daemon) closes the socket; every operation under way then completes
// with an error and the coroutine returns through its ordinary path, so nothing leaks. Probe thread only.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <memory>

#include "registry/checks/loop_lag.h"
#include "registry/health.h"

namespace registry::checks {

// To be awaited, with the error as a value.
inline constexpr auto kAwait = boost::asio::as_tuple(boost::asio::use_awaitable);

class Attempt : public std::enable_shared_from_this<Attempt> {
 public:
  using Socket = boost::asio::ip::tcp::socket;

  Attempt(boost::asio::io_context& io, const boost::asio::ip::tcp::endpoint& target, Millis timeout,
          const LoopLag& lag);
  ~Attempt();
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;

  void start();    // the clock runs from here
  void abandon();  // nobody wants the result any more

  // Connects to the one address that was judged; never resolves.
  boost::asio::awaitable<boost::system::error_code> connect();
  // Goes on with a connection that an earlier attempt left open, instead of connect().
  void adopt(std::unique_ptr<Socket> socket);
  // Gives the open connection away, for a later attempt. The socket stays where it is: what is built on it may too.
  [[nodiscard]] std::unique_ptr<Socket> release();
  // For a probe that waits for something else than the socket: `stop` is called when the attempt ends early.
  void on_end(std::function<void()> stop);
  [[nodiscard]] bool ended() const { return ended_; }
  // Closes with RST instead of FIN: no TIME_WAIT holds one of our local ports for a minute after each probe.
  void close();

  // The result for an operation that failed: the deadline, our own lagging loop, or what the error itself says.
  [[nodiscard]] ProbeResult failure(const boost::system::error_code& error) const;

  [[nodiscard]] boost::asio::io_context& io() { return io_; }
  [[nodiscard]] Socket& socket() { return *socket_; }
  [[nodiscard]] const boost::asio::ip::tcp::endpoint& target() const { return target_; }
  [[nodiscard]] Mono started() const { return started_; }
  [[nodiscard]] Millis timeout() const { return timeout_; }

 private:
  void expire();
  void end();
  [[nodiscard]] LoopLag::Duration lagged() const;

  boost::asio::io_context& io_;
  std::unique_ptr<Socket> socket_;
  std::function<void()> stop_;
  boost::asio::steady_timer deadline_;
  boost::asio::ip::tcp::endpoint target_;
  Millis timeout_;
  const LoopLag& lag_;
  Mono started_{};
  LoopLag::Duration lag_before_{};
  LoopLag::Duration late_{};  // how long after the deadline its timer ran
  bool expired_ = false;      // by the deadline
  bool ended_ = false;        // by the deadline or abandoned: no socket is opened any more
  bool at_once_ = false;      // connect(2) itself refused
};

}  // namespace registry::checks
