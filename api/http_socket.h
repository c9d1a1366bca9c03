// The octets of one accepted connection: what arrives, what leaves, and the one clock that watches both. Non-blocking
// calls come first and the event loop only when they would block, so that a busy connection costs two system calls a
// turn. Owner: the control thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "api/http_message.h"

namespace api {

class HttpSocket : public std::enable_shared_from_this<HttpSocket> {
 public:
  explicit HttpSocket(boost::asio::ip::tcp::socket socket);
  HttpSocket(const HttpSocket&) = delete;
  HttpSocket& operator=(const HttpSocket&) = delete;

  [[nodiscard]] Peer peer() const;

  // When the time is over, what waits on the socket ends with an error and timed_out() is true. Moving the end is a
  // store; the timer itself is moved only when it would ring too late.
  void arm(registry::Millis after);
  void disarm() { deadline_ = Clock::time_point::max(); }
  [[nodiscard]] bool timed_out() const { return timed_out_; }

  // Waits for octets and appends some to `in`. False when there come no more: closed, cancelled, or out of time.
  boost::asio::awaitable<bool> read(std::string& in);
  // Takes from `octets` what the kernel has room for. False when the connection is dead.
  [[nodiscard]] bool write_now(std::string_view& octets);
  // Writes all, as long as the peer takes something within `patience`, again and again.
  boost::asio::awaitable<bool> write(std::string_view octets, registry::Millis patience);
  // Reads and drops what the peer still sends, for at most that long and that much, so that it sees our last answer
  // and not a reset.
  boost::asio::awaitable<void> linger();

  // Calls `gone` once, when the peer ends its side, until unwatch(). What it sends instead is the next, pipelined
  // request, which is appended to `in`, at most to about `most` octets.
  void watch(std::function<void()> gone, std::string& in, std::size_t most);
  void unwatch();

  // A peer that vanished (power, cable, a firewall that forgot us) ends the connection within about 11 seconds.
  void detect_dead_peer();

  void cancel();  // what waits ends with an error
  void close();

 private:
  using Clock = std::chrono::steady_clock;
  enum class Received { octets, nothing, end };

  Received receive(std::string& in);
  void ring_at(Clock::time_point when);
  void wait_for_peer();
  void look_at_peer(boost::system::error_code error);

  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer timer_;
  Clock::time_point deadline_ = Clock::time_point::max();
  Clock::time_point rings_at_ = Clock::time_point::max();  // of the wait that is under way; max = none
  std::function<void()> gone_;
  std::string* ahead_ = nullptr;  // where pipelined octets go while watched
  std::size_t most_ahead_ = 0;
  bool watching_ = false;
  bool timed_out_ = false;
};

}  // namespace api
