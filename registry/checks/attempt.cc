#include "registry/checks/attempt.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "registry/checks/outcome.h"

namespace registry::checks {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

Attempt::Attempt(asio::io_context& io, const tcp::endpoint& target, Millis timeout, const LoopLag& lag)
    : io_(io), socket_(std::make_unique<Socket>(io)), deadline_(io), target_(target), timeout_(timeout), lag_(lag) {}

Attempt::~Attempt() { close(); }

void Attempt::start() {
  started_ = std::chrono::steady_clock::now();
  lag_before_ = lag_.total();
  deadline_.expires_at(started_ + timeout_);
  deadline_.async_wait([weak = weak_from_this()](const error_code& error) {
    const auto self = weak.lock();
    if (self && !error) self->expire();
  });
}

void Attempt::expire() {
  late_ = std::chrono::steady_clock::now() - deadline_.expiry();
  expired_ = true;
  end();
}

void Attempt::abandon() {
  deadline_.cancel();
  end();
}

void Attempt::end() {
  ended_ = true;
  close();
  if (stop_) std::exchange(stop_, nullptr)();
}

void Attempt::on_end(std::function<void()> stop) {
  stop_ = std::move(stop);
  if (ended_ && stop_) std::exchange(stop_, nullptr)();
}

asio::awaitable<error_code> Attempt::connect() {
  error_code error;
  if (ended_) co_return asio::error::operation_aborted;  // before the coroutine ran: nobody would close a new socket
  socket_->open(target_.protocol(), error);
  if (error) {
    at_once_ = true;
    co_return error;
  }
  socket_->set_option(asio::socket_base::linger(true, 0), error);
  socket_->native_non_blocking(true, error);
  if (error) co_return error;
  // Called here and not through async_connect, which would not tell a refusal of our own kernel from one that came
  // over the network.
  if (::connect(socket_->native_handle(), target_.data(), static_cast<socklen_t>(target_.size())) == 0) {
    co_return error_code{};
  }
  if (errno != EINPROGRESS) {
    at_once_ = true;
    co_return error_code(errno, boost::system::system_category());
  }
  auto [waited] = co_await socket_->async_wait(tcp::socket::wait_write, kAwait);
  if (waited) co_return waited;
  if (!socket_->is_open()) co_return asio::error::operation_aborted;
  int pending = 0;
  socklen_t length = sizeof pending;
  if (::getsockopt(socket_->native_handle(), SOL_SOCKET, SO_ERROR, &pending, &length) != 0) pending = errno;
  co_return error_code(pending, boost::system::system_category());
}

void Attempt::adopt(std::unique_ptr<Socket> socket) {
  if (!ended_) socket_ = std::move(socket);
}

std::unique_ptr<Attempt::Socket> Attempt::release() { return std::exchange(socket_, std::make_unique<Socket>(io_)); }

void Attempt::close() {
  error_code ignored;  // closing frees the descriptor whatever it says
  socket_->close(ignored);
}

LoopLag::Duration Attempt::lagged() const { return std::max(late_, lag_.total() - lag_before_); }

ProbeResult Attempt::failure(const error_code& error) const {
  const ProbeResult said = expired_
                               ? failed(Fault::timeout, fmt::format("timed out after {}", format_duration(timeout_)))
                               : from_error(error, at_once_);
  // A peer may also give up on us because we did not run.
  const bool may_be_lag = said.fault == Fault::timeout || said.fault == Fault::reset;
  if (may_be_lag && lagged() > timeout_ / 2) {
    const auto late = std::chrono::ceil<Millis>(lagged());
    return not_known(fmt::format("the probes' own loop lagged by {}", format_duration(late)));
  }
  return said;
}

}  // namespace registry::checks
