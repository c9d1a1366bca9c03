#include "dnsd/forward/session.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <utility>

#include "dnsd/forward/forwarder.h"
#include "dnsd/wire/writer.h"

namespace dnsd::forward {
namespace {

namespace asio = boost::asio;
constexpr auto kToken = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kReadSize = 4096;

}  // namespace

Session::Session(Forwarder& forwarder, asio::io_context& io, std::unique_ptr<serve::HandedConnection> handed)
    : forwarder_(forwarder),
      socket_(io),
      deadline_(io),
      room_(io, std::chrono::steady_clock::time_point::max()),
      client_(handed->client),
      untaken_(std::move(handed->out)) {
  const auto octets = handed->in.octets();
  in_.assign(octets.begin(), octets.end());
  boost::system::error_code error;
  const int fd = ::dup(handed->fd.get());  // the other one closes with what was handed over
  socket_.assign(client_.v6 ? asio::ip::tcp::v6() : asio::ip::tcp::v4(), fd, error);
  if (error && fd >= 0) ::close(fd);
}

void Session::start() {
  if (!socket_.is_open()) {
    reading_ = false;
    return end();
  }
  if (untaken_.left() != 0) {
    const auto* from = untaken_.data.get() + untaken_.sent;
    unsent_.emplace_back(from, from + untaken_.left());
    untaken_ = {};
    writing_ = true;
    asio::co_spawn(
        socket_.get_executor(), [self = shared_from_this()] { return self->write_all(); }, asio::detached);
  }
  asio::co_spawn(
      socket_.get_executor(), [self = shared_from_this()] { return self->read_all(); }, asio::detached);
}

void Session::close() {
  closed_ = true;
  deadline_.cancel();
  room_.cancel();
  boost::system::error_code ignored;
  socket_.close(ignored);
}

void Session::arm(Time time) {
  deadline_.expires_after(time);
  deadline_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    // One that ran out before it was armed anew may still call.
    if (error || !self || self->closed_ || self->deadline_.expiry() > std::chrono::steady_clock::now()) return;
    boost::system::error_code ignored;
    self->socket_.close(ignored);
  });
}

asio::awaitable<bool> Session::fill(std::size_t octets) {
  while (in_.size() < octets) {
    // A peer that waits for us owes nothing. A message has its time from its first octet on, not from each.
    const bool first = in_.empty() && under_way() == 0;
    if (first) arm(forwarder_.parts_.tcp_idle);
    std::array<std::uint8_t, kReadSize> buffer;
    const auto [error, got] = co_await socket_.async_read_some(asio::buffer(buffer), kToken);
    if (error || closed_) co_return false;
    if (first) arm(forwarder_.parts_.tcp_io);
    in_.insert(in_.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(got));
  }
  co_return true;
}

asio::awaitable<void> Session::read_all() {
  const auto self = shared_from_this();
  while (!closed_) {
    while (!closed_ && under_way() >= kMaxUnderWay) co_await room_.async_wait(kToken);
    const bool head = co_await fill(serve::kFrameHead);
    if (!head) break;
    const std::size_t size = wire::get16(in_.data());
    const bool whole = co_await fill(serve::kFrameHead + size);
    if (!whole) break;
    const Octets message(in_.begin() + serve::kFrameHead,
                         in_.begin() + static_cast<std::ptrdiff_t>(serve::kFrameHead + size));
    in_.erase(in_.begin(), in_.begin() + static_cast<std::ptrdiff_t>(serve::kFrameHead + size));
    take(message);
  }
  reading_ = false;
  end();
}

void Session::take(std::span<const std::uint8_t> message) {
  ++asked_;
  if (unsent_.empty()) deadline_.cancel();
  forwarder_.answer(message, client_, serve::Transport::tcp,
                    [self = shared_from_this()](std::span<const std::uint8_t> octets) {
                      --self->asked_;
                      if (!self->closed_) self->reply(octets);
                    });
}

// None is due to what is no query: the connection ends, or the peer would wait for it.
void Session::reply(std::span<const std::uint8_t> message) {
  if (message.empty()) {
    boost::system::error_code ignored;
    socket_.close(ignored);
    return end();
  }
  auto& frame = unsent_.emplace_back(serve::kFrameHead + message.size());
  wire::put16(frame.data(), static_cast<std::uint16_t>(message.size()));
  std::copy(message.begin(), message.end(), frame.begin() + serve::kFrameHead);
  if (std::exchange(writing_, true)) return;
  asio::co_spawn(
      socket_.get_executor(), [self = shared_from_this()] { return self->write_all(); }, asio::detached);
}

asio::awaitable<void> Session::write_all() {
  const auto self = shared_from_this();
  while (!unsent_.empty() && !closed_) {
    arm(forwarder_.parts_.tcp_io);
    const auto [error, sent] = co_await asio::async_write(socket_, asio::buffer(unsent_.front()), kToken);
    if (closed_) co_return;
    if (error) {
      unsent_.clear();
      boost::system::error_code ignored;
      socket_.close(ignored);
      break;
    }
    unsent_.pop_front();
    room_.cancel();
  }
  writing_ = false;
  if (!reading_) {
    end();
  } else if (asked_ == 0) {
    arm(in_.empty() ? forwarder_.parts_.tcp_idle : forwarder_.parts_.tcp_io);
  } else {
    deadline_.cancel();
  }
}

// A peer that said its last word still gets its replies.
void Session::end() {
  const bool open = socket_.is_open();
  if (closed_ || reading_ || (open && (writing_ || under_way() != 0))) return;
  closed_ = true;
  deadline_.cancel();
  boost::system::error_code ignored;
  if (open) socket_.shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
  socket_.close(ignored);
  forwarder_.forget(shared_from_this());
}

}  // namespace dnsd::forward
