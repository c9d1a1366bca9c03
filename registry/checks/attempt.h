// One connection of one probe, with its deadline. Whatever ends it early (the deadline, a changed definition, the
// end of the daemon) closes the socket; every operation under way then completes with an error and the coroutine
// returns through its ordinary path, so nothing leaks. Probe thread only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <utility>

#include "registry/checks/loop_lag.h"
#include "registry/health.h"

namespace registry::checks {

class Attempt : public std::enable_shared_from_this<Attempt> {
 public:
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
  void adopt(boost::asio::ip::tcp::socket socket);
  // Gives the open connection away, for a later attempt.
  [[nodiscard]] boost::asio::ip::tcp::socket release() { return std::move(socket_); }
  [[nodiscard]] bool ended() const { return ended_; }
  // Closes with RST instead of FIN: no TIME_WAIT holds one of our local ports for a minute after each probe.
  void close();

  // The result for an operation that failed: the deadline, our own lagging loop, or what the error itself says.
  [[nodiscard]] ProbeResult failure(const boost::system::error_code& error) const;

  [[nodiscard]] boost::asio::ip::tcp::socket& socket() { return socket_; }
  [[nodiscard]] const boost::asio::ip::tcp::endpoint& target() const { return target_; }
  [[nodiscard]] Mono started() const { return started_; }

 private:
  void expire();
  [[nodiscard]] LoopLag::Duration lagged() const;

  boost::asio::ip::tcp::socket socket_;
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
