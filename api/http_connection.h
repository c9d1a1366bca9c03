// One HTTP/1.1 connection: a coroutine that owns its socket and reads top to bottom. The only file pair that sees
// Beast. Owner: the control thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <functional>
#include <memory>
#include <optional>

#include "api/gateway.h"
#include "api/problem.h"

namespace api {

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(boost::asio::ip::tcp::socket socket, Gateway& gateway);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Serves requests in order until the peer or we want no more. No exception leaves it.
  boost::asio::awaitable<void> run();
  // Answers 503 at once, without reading: the server holds max_connections already.
  boost::asio::awaitable<void> refuse_busy();
  void finish();  // at stop: an idle connection closes now, a busy one after its response
  void abort();   // closes now

 private:
  struct Parser;  // Beast's, with the body read so far
  enum class Header { closed, refused, complete };

  boost::asio::awaitable<bool> serve_one();
  boost::asio::awaitable<Header> read_header();
  boost::asio::awaitable<bool> read_body(Request& request, std::size_t limit);
  boost::asio::awaitable<bool> send(Response response, const Request* request, bool keep_alive);
  boost::asio::awaitable<bool> send_pieces(Response response, bool http_1_0);
  boost::asio::awaitable<bool> write(boost::asio::const_buffer octets);
  boost::asio::awaitable<void> linger();
  Header refuse(const ProblemType& type, std::string detail);
  [[nodiscard]] bool start_parser(std::string_view block);
  [[nodiscard]] Request take_request() const;
  void watch_peer(std::function<void()> gone);
  void unwatch_peer();
  void wait_for_peer();
  void look_at_peer(boost::system::error_code error);
  void arm(registry::Millis after);  // cancels the socket's operations when it fires
  void disarm();

  Gateway& gateway_;
  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer timer_;
  boost::beast::flat_buffer buffer_;  // what was read and not yet consumed: pipelined requests wait here
  std::unique_ptr<Parser> parser_;
  std::optional<Response> refusal_;
  std::function<void()> gone_;
  Peer peer_;
  bool watching_ = false;
  bool timed_out_ = false;
  bool idle_ = false;
  bool finishing_ = false;
  bool served_ = false;  // at least one request was answered
};

}  // namespace api
