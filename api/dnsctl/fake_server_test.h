// A scripted HTTP server for the tool's tests: on loopback, on a free port, on a thread of its own.
#pragma once

#include <algorithm>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <latch>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace ctl {

class FakeServer {
  using tcp = boost::asio::ip::tcp;

 public:
  struct Seen {
    std::string method, target, body, token, last_event;
    bool operator==(const Seen&) const = default;
  };
  struct Answer {
    unsigned status = 200;
    std::string body;
    std::string type = "application/json";
    bool hang_up = false;  // close without a word
    bool stream = false;   // the header alone; the body goes on until end_streams()
  };
  using Script = std::function<Answer(const Seen&)>;

  explicit FakeServer(Script script)
      : script_(std::move(script)), acceptor_(io_, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)) {
    thread_ = std::thread([this] { serve(); });
    accepts_.wait();
  }
  ~FakeServer() {
    stopping_ = true;
    boost::system::error_code ignored;
    tcp::socket knock(io_);  // wakes accept()
    knock.connect(acceptor_.local_endpoint(), ignored);
    thread_.join();
  }
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;

  [[nodiscard]] std::string address() const {
    return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
  }
  [[nodiscard]] std::vector<Seen> seen() const {
    const std::lock_guard lock(mutex_);
    return seen_;
  }
  void end_streams() {
    const std::lock_guard lock(mutex_);
    streams_.clear();
  }
  // Waits for a call that the condition likes; false after 10 s.
  [[nodiscard]] bool wait_for(const std::function<bool(const Seen&)>& wanted) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return std::ranges::any_of(seen_, wanted); });
  }

 private:
  void serve() {
    namespace http = boost::beast::http;
    while (true) {
      boost::system::error_code error;
      tcp::socket socket(io_);
      if (!accepts_.try_wait()) accepts_.count_down();
      acceptor_.accept(socket, error);
      if (stopping_ || error) return;
      boost::beast::flat_buffer buffer;
      http::request<http::string_body> request;
      http::read(socket, buffer, request, error);
      if (error) continue;
      const Seen seen{std::string(request.method_string()), std::string(request.target()), request.body(),
                      std::string(request[http::field::authorization]), std::string(request["Last-Event-ID"])};
      const auto answer = script_(seen);
      if (answer.stream) {
        const std::string_view header =
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n: hello\n\n";
        boost::asio::write(socket, boost::asio::buffer(header), error);
      }
      {
        const std::lock_guard lock(mutex_);
        if (answer.stream) streams_.push_back(std::move(socket));
        seen_.push_back(seen);
      }
      changed_.notify_all();
      if (answer.hang_up || answer.stream) continue;
      http::response<http::string_body> response(static_cast<http::status>(answer.status), 11);
      response.set(http::field::content_type, answer.type);
      response.keep_alive(false);
      response.body() = answer.body;
      response.prepare_payload();
      http::write(socket, response, error);
    }
  }

  Script script_;
  // Tests fork: a child that is made while this thread starts inherits a locked allocator and hangs.
  std::latch accepts_{1};
  boost::asio::io_context io_;
  tcp::acceptor acceptor_;
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<Seen> seen_;
  std::vector<tcp::socket> streams_;
  std::thread thread_;
};

}  // namespace ctl
