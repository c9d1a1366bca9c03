#include "dnsd/transfer/session.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <array>

#include "dnsd/wire/writer.h"

namespace dnsd::transfer {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr auto kToken = asio::as_tuple(asio::use_awaitable);
constexpr auto kIdle = 10s;     // as of the workers' connections by default
constexpr auto kMessage = 30s;  // to take one message of a transfer: 64 KiB over the slowest link that matters
constexpr std::size_t kReadSize = 16'384;

}  // namespace

Session::Session(Front& front, asio::io_context& io, std::unique_ptr<serve::HandedConnection> handed)
    : front_(front), socket_(io), deadline_(io), client_(handed->client), untaken_(std::move(handed->out)) {
  const auto octets = handed->in.octets();
  in_.assign(octets.begin(), octets.end());
  boost::system::error_code error;
  const int fd = ::dup(handed->fd.get());  // the other one closes with what was handed over
  socket_.assign(client_.v6 ? asio::ip::tcp::v6() : asio::ip::tcp::v4(), fd, error);
  if (error && fd >= 0) ::close(fd);
}

void Session::start() {
  asio::co_spawn(
      socket_.get_executor(), [self = shared_from_this()] { return self->run(); }, asio::detached);
}

void Session::close() {
  closed_ = true;
  deadline_.cancel();
  boost::system::error_code ignored;
  socket_.close(ignored);
}

void Session::arm(Time time) {
  deadline_.expires_after(time);
  deadline_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    // One that ran out before it was armed anew may still call.
    if (error || !self || self->deadline_.expiry() > std::chrono::steady_clock::now()) return;
    boost::system::error_code ignored;
    self->socket_.close(ignored);
  });
}

asio::awaitable<void> Session::run() {
  const auto self = shared_from_this();
  bool good = socket_.is_open();  // or no descriptor was to be had
  if (good && untaken_.left() != 0) {
    arm(kMessage);
    const auto left = asio::buffer(untaken_.data.get() + untaken_.sent, untaken_.left());
    const auto [error, sent] = co_await asio::async_write(socket_, left, kToken);
    good = !error;
    untaken_ = {};
  }
  while (good && !closed_) {
    auto request = co_await receive();
    if (!request || closed_) break;
    good = co_await serve(*std::move(request));
  }
  if (closed_) co_return;
  deadline_.cancel();
  boost::system::error_code ignored;
  if (socket_.is_open()) socket_.shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
  socket_.close(ignored);
  front_.forget(self);
}

asio::awaitable<bool> Session::fill(std::size_t octets) {
  while (in_.size() < octets) {
    std::array<std::uint8_t, kReadSize> buffer;
    const auto [error, got] = co_await socket_.async_read_some(asio::buffer(buffer), kToken);
    if (error) co_return false;
    in_.insert(in_.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(got));
  }
  co_return true;
}

asio::awaitable<std::optional<Octets>> Session::receive() {
  arm(kIdle);
  const bool head = co_await fill(serve::kFrameHead);
  if (!head) co_return std::nullopt;
  const std::size_t size = wire::get16(in_.data());
  const bool whole = co_await fill(serve::kFrameHead + size);
  if (!whole) co_return std::nullopt;
  const auto begin = in_.begin() + serve::kFrameHead;
  Octets out(begin, begin + static_cast<std::ptrdiff_t>(size));
  in_.erase(in_.begin(), begin + static_cast<std::ptrdiff_t>(size));
  co_return out;
}

asio::awaitable<bool> Session::send(Octets message) {
  arm(kMessage);
  std::array<std::uint8_t, 2> head;
  wire::put16(head.data(), static_cast<std::uint16_t>(message.size()));
  const std::array<asio::const_buffer, 2> both{asio::buffer(head), asio::buffer(message)};
  const auto [error, sent] = co_await asio::async_write(socket_, both, kToken);
  co_return !error && !closed_;
}

asio::awaitable<bool> Session::transfer(Incoming& incoming, Outgoing outgoing) {
  while (true) {
    auto message = outgoing.next();
    if (!message) co_return !outgoing.aborted();
    const bool sent = co_await send(front_.finished(incoming, *std::move(message)));
    if (!sent) co_return false;
  }
}

asio::awaitable<bool> Session::serve(Octets request) {
  Incoming incoming{
      .octets = std::move(request), .client = client_, .tcp = true, .message = {}, .stream = {}, .who = {}};
  if (auto opened = front_.open(incoming); !opened) {
    if (!opened.error().empty()) co_await send(std::move(opened.error()));
    co_return false;
  }
  if (auto outgoing = front_.transfer(incoming)) {
    if (*outgoing) {
      const bool done = co_await transfer(incoming, std::move(**outgoing));
      co_return done;
    }
    co_await send(std::move(outgoing->error()));
    co_return false;
  }
  if (++ordinary_ > kMaxOrdinary) co_return false;
  // The reply comes at once, or after a commit: then `ready` wakes us.
  auto reply = std::make_shared<std::optional<Octets>>();
  auto ready = std::make_shared<asio::steady_timer>(socket_.get_executor(), asio::steady_timer::time_point::max());
  front_.answer(incoming, [reply, ready](Octets octets) {
    *reply = std::move(octets);
    ready->cancel();
  });
  deadline_.cancel();  // a commit has its own time
  if (!*reply) co_await ready->async_wait(kToken);
  if (closed_ || !*reply || (*reply)->empty()) co_return false;
  const bool sent = co_await send(**reply);
  co_return sent;
}

}  // namespace dnsd::transfer
