#include "registry/checks/loop_lag.h"

#include <gtest/gtest.h>

#include <boost/asio/post.hpp>

namespace registry::checks {
namespace {

using Clock = std::chrono::steady_clock;

// Longer than a tick, so that one is due when the loop gets on.
void block() {
  const auto until = Clock::now() + Millis(150);
  while (Clock::now() < until) {
  }
}

TEST(LoopLag, ALoopThatDoesNotRunIsLate) {
  boost::asio::io_context io;
  LoopLag lag(io);
  lag.start();
  boost::asio::post(io, block);
  const auto end = Clock::now() + std::chrono::seconds(20);
  while (lag.total() == LoopLag::Duration{} && Clock::now() < end) io.run_one_for(Millis(20));
  EXPECT_GE(lag.total(), Millis(20));
  EXPECT_GE(lag.worst(), Millis(20));
}

TEST(LoopLag, StopsForGoodAlsoWhileATickIsDue) {
  boost::asio::io_context io;
  LoopLag lag(io);
  lag.start();
  boost::asio::post(io, [&] {
    block();
    boost::asio::post(io, [&] { lag.stop(); });  // runs with the tick behind it in the queue
  });
  io.run_for(std::chrono::seconds(2));
  EXPECT_TRUE(io.stopped()) << "the ticks go on and keep the loop from ending";
}

}  // namespace
}  // namespace registry::checks
