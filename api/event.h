// A wake-up of one coroutine by others of the same thread. Owner: the control thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace api {

class Event {
 public:
  explicit Event(const boost::asio::any_io_executor& executor) : timer_(executor) {}

  void set() {
    if (std::exchange(set_, true)) return;
    timer_.cancel();
  }
  void clear() { set_ = false; }
  [[nodiscard]] bool is_set() const { return set_; }
  [[nodiscard]] boost::asio::any_io_executor executor() { return timer_.get_executor(); }

  // True when set, false when the time came first. One waiter at a time.
  boost::asio::awaitable<bool> wait_until(std::chrono::steady_clock::time_point deadline) {
    if (set_) co_return true;
    timer_.expires_at(deadline);
    boost::system::error_code ignored;
    co_await timer_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
    co_return set_;
  }

 private:
  boost::asio::steady_timer timer_;
  bool set_ = false;
};

// Runs `start(done)` and waits until `done(value)` was called, at once or later, on this thread. What `done` points to
// lives as long as anyone may call it.
template <class T, class Start>
boost::asio::awaitable<T> until_done(boost::asio::any_io_executor executor, Start start) {
  struct Shared {
    explicit Shared(const boost::asio::any_io_executor& ex) : event(ex) {}
    Event event;
    std::optional<T> value;
  };
  auto shared = std::make_shared<Shared>(executor);
  start([shared](T value) {
    shared->value.emplace(std::move(value));
    shared->event.set();
  });
  co_await shared->event.wait_until(std::chrono::steady_clock::time_point::max());
  co_return std::move(*shared->value);
}

}  // namespace api
