// A TCP connection that asked for a foreign name: the forwarder has it from then on. Its questions are answered as
// their answers come (RFC 7766 6.2.1.1), those inside our zones at once.
//
// Thread: the forwarder's. Bounds: kMaxUnderWay questions and replies; over it nothing is read.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <deque>
#include <memory>
#include <span>
#include <vector>

#include "dnsd/serve/handoff.h"

namespace dnsd::forward {

class Forwarder;

class Session : public std::enable_shared_from_this<Session> {
 public:
  static constexpr std::size_t kMaxUnderWay = 16;

  Session(Forwarder& forwarder, boost::asio::io_context& io, std::unique_ptr<serve::HandedConnection> handed);
  void start();
  void close();  // the forwarder ends

 private:
  using Octets = std::vector<std::uint8_t>;
  using Time = std::chrono::steady_clock::duration;

  boost::asio::awaitable<void> read_all();
  boost::asio::awaitable<bool> fill(std::size_t octets);  // `in_` holds as many
  boost::asio::awaitable<void> write_all();
  void take(std::span<const std::uint8_t> message);
  void reply(std::span<const std::uint8_t> message);
  void arm(Time time);
  void end();
  [[nodiscard]] std::size_t under_way() const { return asked_ + unsent_.size(); }

  Forwarder& forwarder_;
  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer deadline_;  // of the peer: to ask, to finish a message, to take a reply
  boost::asio::steady_timer room_;      // cancelled when a reply has left
  serve::Client client_;
  serve::Untaken untaken_;
  Octets in_;
  std::deque<Octets> unsent_;
  std::size_t asked_ = 0;  // without a reply yet
  bool writing_ = false;
  bool reading_ = true;
  bool closed_ = false;
};

}  // namespace dnsd::forward
