// A plain blocking HTTP client for tests: octets out, octets in, with a deadline of 10 s on every read.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cstdlib>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>

namespace api::testing {

struct Reply {
  int status = 0;                              // 0 = the connection closed without a reply
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  [[nodiscard]] std::string header(const std::string& name) const {
    const auto at = headers.find(name);
    return at == headers.end() ? "" : at->second;
  }
  [[nodiscard]] boost::json::value json() const { return boost::json::parse(body); }
  [[nodiscard]] std::uint64_t index() const { return std::strtoull(header("x-dnsd-index").c_str(), nullptr, 10); }
};

class Client {
 public:
  static constexpr int kSmallWindow = 64 << 10;  // so that the server feels it when nobody reads

  explicit Client(std::uint16_t port, int receive_buffer = 0) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer != 0) ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0) throw std::runtime_error("connect");
    const timeval patience{10, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  ~Client() { close(); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  void half_close() { ::shutdown(fd_, SHUT_WR); }
  bool send(std::string_view octets) {
    while (!octets.empty()) {
      const auto count = ::send(fd_, octets.data(), octets.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      octets.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }
  // Waits until `mark` was read; returns everything up to its end, or what there was when the connection closed.
  std::string read_until(std::string_view mark) {
    for (;;) {
      if (const auto at = buffer_.find(mark); at != std::string::npos) return take(at + mark.size());
      if (!fill()) return take(buffer_.size());
    }
  }
  // Orderly end or reset; false when the deadline passes or something else arrives.
  bool closed() { return buffer_.empty() && !fill() && !timed_out_; }

  // Waits until that many octets are there, without taking them; fewer when the connection closed.
  std::size_t read_some(std::size_t count) {
    const auto before = buffer_.size();
    while (buffer_.size() < before + count && fill(before + count - buffer_.size())) {
    }
    return buffer_.size() - before;
  }

  Reply read_reply(bool head = false) {
    Reply reply;
    std::string text = read_until("\r\n\r\n");
    if (text.size() < 12) return reply;
    reply.status = std::atoi(text.c_str() + 9);
    for (std::size_t at = text.find("\r\n") + 2; text.compare(at, 2, "\r\n") != 0; at = text.find("\r\n", at) + 2) {
      const auto colon = text.find(": ", at);
      std::string name = text.substr(at, colon - at);
      for (auto& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      reply.headers[name] = text.substr(colon + 2, text.find("\r\n", at) - colon - 2);
    }
    if (head || reply.status == 204) return reply;
    if (reply.header("transfer-encoding") == "chunked") {
      while (read_chunk(reply.body)) {
      }
    } else {
      reply.body = read_exactly(std::strtoull(reply.header("content-length").c_str(), nullptr, 10));
    }
    return reply;
  }
  // One chunk onto `body`; false at the last one.
  bool read_chunk(std::string& body) {
    const auto size = std::strtoull(read_until("\r\n").c_str(), nullptr, 16);
    body += read_exactly(size);
    read_exactly(2);
    return size > 0;
  }
  void start(std::string_view method, std::string_view target, std::string_view body = {},
             std::string_view headers = {}) {
    std::string octets(method);
    octets.append(" ").append(target).append(" HTTP/1.1\r\nHost: localhost\r\n").append(headers);
    if (!body.empty() || method == "PUT" || method == "POST")
      octets += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    octets.append("\r\n").append(body);
    send(octets);
  }
  Reply call(std::string_view method, std::string_view target, std::string_view body = {},
             std::string_view headers = {}) {
    start(method, target, body, headers);
    return read_reply(method == "HEAD");
  }

 private:
  std::string take(std::size_t count) {
    std::string out = buffer_.substr(0, count);
    buffer_.erase(0, count);
    return out;
  }
  std::string read_exactly(std::size_t count) {
    while (buffer_.size() < count && fill()) {
    }
    return take(std::min(count, buffer_.size()));
  }
  bool fill(std::size_t most = 16384) {
    char octets[16384];
    const auto count = ::recv(fd_, octets, std::min(most, sizeof octets), 0);
    timed_out_ = count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    if (count <= 0) return false;
    buffer_.append(octets, static_cast<std::size_t>(count));
    return true;
  }

  int fd_;
  std::string buffer_;
  bool timed_out_ = false;
};

}  // namespace api::testing
