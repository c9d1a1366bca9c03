#include "dnsd/self_probe.h"

#include <gtest/gtest.h>

#include <optional>

namespace dnsd {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using namespace std::chrono_literals;

class SelfProbeTest : public testing::Test {
 protected:
  tcp::acceptor listen() { return {io, tcp::endpoint(asio::ip::address_v4::loopback(), 0)}; }
  // The first verdict.
  std::optional<bool> ask(std::vector<tcp::endpoint> endpoints) {
    std::optional<bool> failed;
    SelfProbe probe(io, {.interval = 10min, .timeout = 10s}, std::move(endpoints), [&](bool result) {
      failed = result;
      io.stop();
    });
    io.restart();
    probe.start();
    if (!failed) io.run_for(10s);  // with nobody to ask the verdict is there already
    return failed;
  }
  asio::io_context io{1};
};

TEST_F(SelfProbeTest, ReachesItsOwnListeners) {
  const auto one = listen(), other = listen();
  EXPECT_EQ(ask({one.local_endpoint(), other.local_endpoint()}), false);
}

TEST_F(SelfProbeTest, FailsWhenOneOfThemIsNotThere) {
  const auto one = listen();
  auto gone = listen();
  const auto where = gone.local_endpoint();
  gone.close();
  EXPECT_EQ(ask({one.local_endpoint(), where}), true);
}

TEST_F(SelfProbeTest, AsksEveryAddressOfThisMachineForAnUnspecifiedOne) {
  const tcp::acceptor all(io, tcp::endpoint(tcp::v4(), 0));
  EXPECT_EQ(ask({all.local_endpoint()}), false);
}

TEST_F(SelfProbeTest, WithoutListenersNothingFails) { EXPECT_EQ(ask({}), false); }

TEST_F(SelfProbeTest, GoesOnUntilItIsStopped) {
  const auto one = listen();
  int rounds = 0;
  SelfProbe probe(io, {.interval = 5ms, .timeout = 10s}, {one.local_endpoint()}, [&](bool) {
    if (++rounds == 3) io.stop();
  });
  probe.start();
  io.run_for(10s);
  EXPECT_EQ(rounds, 3);
  probe.stop();
  io.restart();
  io.run();
  EXPECT_EQ(rounds, 3) << "and then nothing is left to run";
}

}  // namespace
}  // namespace dnsd
