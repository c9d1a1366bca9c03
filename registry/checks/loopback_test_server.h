// Servers for the tests of the probes: real sockets on loopback, port 0, each connection on a thread of its own with
// a function that says what it does. Everything ends with the server.
#pragma once

#include <sys/socket.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <thread>

namespace registry::checks::test {

using boost::asio::ip::tcp;

class LoopbackServer {
 public:
  using Talk = std::function<void(tcp::socket&)>;

  explicit LoopbackServer(Talk talk, bool v6 = false)
      : talk_(std::move(talk)), acceptor_(io_, address(v6)), endpoint_(acceptor_.local_endpoint()) {
    accepting_ = std::thread([this] { accept(); });
  }
  ~LoopbackServer() {
    ::shutdown(acceptor_.native_handle(), SHUT_RDWR);  // wakes accept(2)
    accepting_.join();
    const std::lock_guard lock(mutex_);
    for (auto& connection : connections_) ::shutdown(connection.socket.native_handle(), SHUT_RDWR);
    for (auto& connection : connections_) connection.thread.join();
  }

  [[nodiscard]] const tcp::endpoint& endpoint() const { return endpoint_; }
  [[nodiscard]] int accepted() const { return accepted_; }

 private:
  struct Connection {
    tcp::socket socket;
    std::thread thread;
  };

  static tcp::endpoint address(bool v6) {
    using boost::asio::ip::address_v4;
    using boost::asio::ip::address_v6;
    return v6 ? tcp::endpoint(address_v6::loopback(), 0) : tcp::endpoint(address_v4::loopback(), 0);
  }

  void accept() {
    for (;;) {
      boost::system::error_code error;
      tcp::socket socket = acceptor_.accept(error);
      if (error) return;
      ++accepted_;
      const std::lock_guard lock(mutex_);
      Connection& connection = connections_.emplace_back(Connection{std::move(socket), {}});
      connection.thread = std::thread([this, &connection] {
        talk_(connection.socket);
        ::shutdown(connection.socket.native_handle(), SHUT_WR);  // the descriptor stays ours until the end
      });
    }
  }

  Talk talk_;
  boost::asio::io_context io_;
  tcp::acceptor acceptor_;
  tcp::endpoint endpoint_;
  std::atomic<int> accepted_{0};
  std::mutex mutex_;
  std::list<Connection> connections_;
  std::thread accepting_;
};

// The head of one request.
inline std::string read_head(tcp::socket& socket) {
  std::string head;
  boost::system::error_code ignored;
  boost::asio::read_until(socket, boost::asio::dynamic_buffer(head, 64 * 1024), "\r\n\r\n", ignored);
  return head;
}

inline void send(tcp::socket& socket, const std::string& text) {
  boost::system::error_code ignored;
  boost::asio::write(socket, boost::asio::buffer(text), ignored);
}

// Reads until the client is gone; what ended it.
inline boost::system::error_code drain(tcp::socket& socket) {
  char octets[4096];
  for (;;) {
    boost::system::error_code error;
    socket.read_some(boost::asio::buffer(octets), error);
    if (error) return error;
  }
}

// Answers every request with the same octets, then waits for the client to go.
inline LoopbackServer::Talk answers(std::string response) {
  return [response = std::move(response)](tcp::socket& socket) {
    read_head(socket);
    send(socket, response);
  };
}

// Answers that many requests on each connection, then closes it.
inline LoopbackServer::Talk answers_times(int times, const std::string& text) {
  return [=](tcp::socket& socket) {
    for (int i = 0; i < times && !read_head(socket).empty(); ++i) send(socket, text);
  };
}

// A port of loopback that nobody listens on: bound and never listened to while this lives.
class ClosedPort {
 public:
  ClosedPort() : socket_(io_, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)) {}
  [[nodiscard]] tcp::endpoint endpoint() const { return socket_.local_endpoint(); }

 private:
  boost::asio::io_context io_;
  tcp::socket socket_;
};

}  // namespace registry::checks::test
