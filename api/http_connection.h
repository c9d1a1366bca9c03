// One HTTP/1.1 connection: requests are taken out of what was read, in order, and their responses gathered until
// somebody has to wait; then they leave with one write. Owner: the control thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <optional>
#include <string>

#include "api/gateway.h"
#include "api/http_body.h"
#include "api/http_socket.h"
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
  enum class Step { done, more, close };  // more = octets are missing

  boost::asio::awaitable<void> serve();
  Step take_header();
  Step begin_body(const Gateway::Admission& admission);
  Step take_body(const Gateway::Admission& admission);
  Step refuse(const ProblemType& type, std::string detail);
  boost::asio::awaitable<Step> receive_header();
  boost::asio::awaitable<Step> receive_body(const Gateway::Admission& admission);
  boost::asio::awaitable<bool> finish_answer(Answer answer);
  boost::asio::awaitable<bool> send_pieces(Response response);
  boost::asio::awaitable<bool> flush();
  bool queue(const Response& response, bool keep_alive);  // whether another request may follow
  [[nodiscard]] std::string_view unread() const { return std::string_view(in_).substr(taken_); }
  void forget_taken();

  Gateway& gateway_;
  std::shared_ptr<HttpSocket> socket_;
  std::string in_;         // what was read; pipelined requests wait here
  std::size_t taken_ = 0;  // of it
  std::string out_;        // responses that no write has taken yet
  Request request_;
  BodyReader body_;
  bool header_armed_ = false;  // the clock of the header runs
  bool idle_ = false;
  bool finishing_ = false;
  bool served_ = false;  // at least one request was answered
};

}  // namespace api
