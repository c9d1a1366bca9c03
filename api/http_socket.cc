#include "api/http_socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <utility>

namespace api {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// One read takes up to this much, of a buffer that all connections share: they are all of one thread.
constexpr std::size_t kReadSize = 16 << 10;
constexpr std::size_t kMaxLinger = 1 << 20;
constexpr registry::Millis kLingerTime{1'000};

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

}  // namespace

HttpSocket::HttpSocket(tcp::socket socket) : socket_(std::move(socket)), timer_(socket_.get_executor()) {
  error_code ignored;
  socket_.set_option(tcp::no_delay(true), ignored);
}

Peer HttpSocket::peer() const {
  Peer peer;
  error_code error;
  const auto endpoint = socket_.remote_endpoint(error);
  if (error) return peer;
  peer.port = endpoint.port();
  auto address = endpoint.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  }
  if (address.is_v4()) {
    peer.address.v4 = registry::Ipv4{address.to_v4().to_bytes()};
  } else {
    peer.address.v6 = registry::Ipv6{address.to_v6().to_bytes()};
  }
  return peer;
}

void HttpSocket::arm(registry::Millis after) {
  timed_out_ = false;
  deadline_ = Clock::now() + after;
  if (deadline_ < rings_at_) ring_at(deadline_);
}

void HttpSocket::ring_at(Clock::time_point when) {
  rings_at_ = when;
  timer_.expires_at(when);
  timer_.async_wait([weak = weak_from_this()](error_code error) {
    const auto self = weak.lock();
    if (error || !self) return;
    self->rings_at_ = Clock::time_point::max();
    if (self->deadline_ == Clock::time_point::max()) return;
    if (self->deadline_ > Clock::now()) return self->ring_at(self->deadline_);
    self->timed_out_ = true;
    self->cancel();
  });
}

HttpSocket::Received HttpSocket::receive(std::string& in) {
  static thread_local std::array<char, kReadSize> scratch;
  const auto count = ::recv(socket_.native_handle(), scratch.data(), scratch.size(), MSG_DONTWAIT);
  if (count < 0 && would_block(errno)) return Received::nothing;
  if (count <= 0) return Received::end;
  in.append(scratch.data(), static_cast<std::size_t>(count));
  return Received::octets;
}

asio::awaitable<bool> HttpSocket::read(std::string& in) {
  auto received = Received::nothing;
  while (received == Received::nothing) {
    error_code error;
    co_await socket_.async_wait(tcp::socket::wait_read, asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return false;
    received = receive(in);
  }
  co_return received == Received::octets;
}

bool HttpSocket::write_now(std::string_view& octets) {
  while (!octets.empty()) {
    const auto count = ::send(socket_.native_handle(), octets.data(), octets.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count < 0) return would_block(errno);
    octets.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

asio::awaitable<bool> HttpSocket::write(std::string_view octets, registry::Millis patience) {
  bool alive = write_now(octets);
  while (alive && !octets.empty()) {
    arm(patience);
    error_code error;
    co_await socket_.async_wait(tcp::socket::wait_write, asio::redirect_error(asio::use_awaitable, error));
    alive = !error && write_now(octets);
  }
  disarm();
  co_return alive;
}

asio::awaitable<void> HttpSocket::linger() {
  error_code error;
  socket_.shutdown(tcp::socket::shutdown_send, error);
  if (error) co_return;
  arm(kLingerTime);
  std::string dropped;
  for (std::size_t total = 0; total < kMaxLinger; total += dropped.size()) {
    dropped.clear();
    const bool more = co_await read(dropped);
    if (!more) break;
  }
}

void HttpSocket::watch(std::function<void()> gone, std::string& in, std::size_t most) {
  gone_ = std::move(gone);
  ahead_ = &in;
  most_ahead_ = most;
  if (!watching_) wait_for_peer();  // else the cancelled wait of the request before has yet to end, and goes on then
}

void HttpSocket::unwatch() {
  gone_ = nullptr;
  if (watching_) cancel();
}

// Five quiet seconds, then three probes two seconds apart; octets that were sent may stay unacknowledged as long.
void HttpSocket::detect_dead_peer() {
  const auto set = [fd = socket_.native_handle()](int level, int option, int value) {
    (void)::setsockopt(fd, level, option, &value, sizeof value);
  };
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 5);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 2);
  set(IPPROTO_TCP, TCP_KEEPCNT, 3);
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, 11'000);
}

void HttpSocket::wait_for_peer() {
  watching_ = true;
  socket_.async_wait(tcp::socket::wait_read, [weak = weak_from_this()](error_code error) {
    const auto self = weak.lock();
    if (!self) return;
    self->watching_ = false;
    if (self->gone_) self->look_at_peer(error);
  });
}

void HttpSocket::look_at_peer(error_code error) {
  if (error && (error != asio::error::operation_aborted || !socket_.is_open())) return;
  if (!error) {
    if (receive(*ahead_) == Received::end) return std::exchange(gone_, nullptr)();
    if (ahead_->size() >= most_ahead_) return;  // enough for its turn
  }
  wait_for_peer();
}

void HttpSocket::cancel() {
  error_code ignored;
  socket_.cancel(ignored);
}

void HttpSocket::close() {
  disarm();
  timer_.cancel();
  error_code ignored;
  socket_.close(ignored);
}

}  // namespace api
