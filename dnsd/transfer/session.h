// A TCP connection that a worker handed over: its requests in order, transfers included. A coroutine on the control
// thread that reads top to bottom.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <optional>
#include <vector>

#include "dnsd/transfer/front.h"

namespace dnsd::transfer {

class Session : public std::enable_shared_from_this<Session> {
 public:
  // Requests that a worker could answer as well, then the connection is closed: nobody makes the control thread his
  // name server.
  static constexpr int kMaxOrdinary = 256;

  Session(Front& front, boost::asio::io_context& io, std::unique_ptr<serve::HandedConnection> handed);
  void start();
  void close();
  [[nodiscard]] const serve::Client& client() const { return client_; }

 private:
  using Time = std::chrono::steady_clock::duration;
  boost::asio::awaitable<void> run();
  boost::asio::awaitable<bool> serve(Octets request);       // false: close
  boost::asio::awaitable<bool> send(Octets message);        // with its length
  boost::asio::awaitable<std::optional<Octets>> receive();  // nothing: the peer is gone, or late
  boost::asio::awaitable<bool> fill(std::size_t octets);    // `in_` holds as many
  boost::asio::awaitable<bool> transfer(Incoming& incoming, Outgoing outgoing);
  void arm(Time time);

  Front& front_;
  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer deadline_;
  serve::Client client_;
  serve::Untaken untaken_;
  std::vector<std::uint8_t> in_;
  int ordinary_ = 0;
  bool closed_ = false;  // by the front, which ends
};

}  // namespace dnsd::transfer
