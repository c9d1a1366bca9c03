// How late the probe thread's loop runs. A loop that was kept from running for most of a probe's timeout cannot say
// that the target was slow (CPU starvation, a stopped process, a suspended machine).
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>

#include "registry/basics.h"

namespace registry::checks {

class LoopLag {
 public:
  using Duration = std::chrono::steady_clock::duration;

  explicit LoopLag(boost::asio::io_context& io) : timer_(io) {}

  void start();  // ticks until `stop`
  void stop();
  void note(Duration late);  // a timer fired that late

  // The sum of all delays ever; two readings tell how much of the time between them the loop did not run.
  [[nodiscard]] Duration total() const { return total_; }
  [[nodiscard]] Duration worst() const { return worst_; }

 private:
  void tick();

  boost::asio::steady_timer timer_;
  bool ticking_ = false;
  Duration total_{};
  Duration worst_{};
};

}  // namespace registry::checks
