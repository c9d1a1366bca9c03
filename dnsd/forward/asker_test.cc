#include "dnsd/forward/asker.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/ip/udp.hpp>
#include <set>

#include "dnsd/forward/test_replies.h"

namespace dnsd::forward {
namespace {

using boost::asio::ip::udp;
using test::question;

// An upstream on loopback that answers each query once told to.
class AskerTest : public testing::Test {
 protected:
  AskerTest() : upstream_(upstream_io_, udp::endpoint(boost::asio::ip::address_v4::loopback(), 0)) {
    const timeval deadline{10, 0};
    ::setsockopt(upstream_.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof deadline);
    settings_.upstreams = {"127.0.0.1:" + std::to_string(upstream_.local_endpoint().port())};
  }
  void ask(Asker& asker, const Question& q) {
    asker.ask(0, q, [this](Outcome outcome) { outcomes_.push_back(std::move(outcome)); });
  }
  // The upstream's side: takes a query and answers with one address.
  void answer() {
    std::array<std::uint8_t, 1500> packet;
    udp::endpoint from;
    const auto size = upstream_.receive_from(boost::asio::buffer(packet), from);
    ports_.insert(from.port());
    const std::size_t name = size - 12 - 4 - 11;
    const Question asked{.name = std::string(reinterpret_cast<const char*>(&packet[12]), name),
                         .type = wire::get16(&packet[12 + name])};
    auto reply = test::Reply(asked).answer(60).octets();
    reply[0] = packet[0];
    reply[1] = packet[1];
    upstream_.send_to(boost::asio::buffer(reply), from);
  }
  bool run_until(std::size_t outcomes) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (outcomes_.size() < outcomes && std::chrono::steady_clock::now() < deadline)
      io_.run_one_for(std::chrono::milliseconds(50));
    return outcomes_.size() >= outcomes;
  }

  boost::asio::io_context io_, upstream_io_;
  udp::socket upstream_;
  Settings settings_;
  std::vector<Outcome> outcomes_;
  std::set<std::uint16_t> ports_;
};

TEST_F(AskerTest, TheReplyComesBack) {
  Asker asker(io_, settings_);
  ask(asker, question("a.example"));
  io_.poll();
  answer();
  ASSERT_TRUE(run_until(1));
  ASSERT_EQ(outcomes_[0].kind, Outcome::Kind::said);
  EXPECT_EQ(outcomes_[0].said->counts[0], 1);
}

TEST_F(AskerTest, SilenceIsATimeout) {
  settings_.timeout = registry::Millis(60);
  Asker asker(io_, settings_);
  ask(asker, question("a.example"));
  ASSERT_TRUE(run_until(1));
  EXPECT_EQ(outcomes_[0].kind, Outcome::Kind::timeout);
}

TEST_F(AskerTest, AClosedPortIsUnreachable) {
  upstream_.close();
  Asker asker(io_, settings_);
  ask(asker, question("a.example"));
  ASSERT_TRUE(run_until(1));
  EXPECT_EQ(outcomes_[0].kind, Outcome::Kind::unreachable);
}

TEST_F(AskerTest, NoSourcePortServesMoreQueriesThanAllowed) {
  Asker asker(io_, settings_);
  constexpr std::size_t kQueries = 4 * Asker::kPerChannel;
  for (std::size_t i = 0; i < kQueries; ++i) ask(asker, question("n" + std::to_string(i) + ".example"));
  io_.poll();
  for (std::size_t i = 0; i < kQueries; ++i) answer();
  ASSERT_TRUE(run_until(kQueries));
  EXPECT_GE(ports_.size(), 4U);
  for (const auto& outcome : outcomes_) EXPECT_EQ(outcome.kind, Outcome::Kind::said);
}

TEST_F(AskerTest, TheEndWhileQueriesAreUnderWayTellsNobody) {
  {
    Asker asker(io_, settings_);
    for (int i = 0; i < 40; ++i) ask(asker, question("n" + std::to_string(i) + ".example"));
    io_.poll();
  }
  io_.restart();
  io_.poll();
  EXPECT_TRUE(outcomes_.empty());
}

}  // namespace
}  // namespace dnsd::forward
