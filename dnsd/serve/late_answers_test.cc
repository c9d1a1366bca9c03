// Answers that leave after what they were made of was replaced: counted by how late, whatever replaced it.
#include <functional>

#include "dnsd/serve/test_clients.h"
#include "dnsd/serve/test_world.h"

namespace dnsd::serve {
namespace {

using namespace std::chrono_literals;
using test::Given;
using testing::TcpPeer;
using testing::UdpPeer;

// A server of one worker per transport. Once, between making answers and sending them, `meanwhile` runs on the worker's
// thread; for what it publishes the publisher's clock says when: nobody has to wait.
class Late : public ::testing::Test {
 protected:
  Late() {
    world_.add_namespace("corp", {"alt"});
    world_.put("web.corp", Given{.id = "i1", .v4 = "10.0.0.1", .port = 80});
    world_.put("other.corp", Given{.id = "i1", .v4 = "10.0.0.2"});
    registry::ServicePolicy alias;
    alias.alias = "web.corp";
    world_.service("www.corp", alias);
    world_.start();
    options_.listen = {{"127.0.0.1", 0}};
    options_.workers = 1;
    responders_.emplace_back(std::make_unique<Responder>(world_.publisher.table(), ResponderOptions{}));
    responders_.emplace_back(std::make_unique<Responder>(world_.publisher.table(), ResponderOptions{}));
    listeners_ = std::make_unique<Listeners>(
        options_,
        [this] {
          handlers_[used_] = {this, responders_[used_].get()};
          return BatchHandler{call, &handlers_[used_++]};
        },
        world_.reclaimer);
  }

  struct Handler {
    Late* test = nullptr;
    Responder* responder = nullptr;
  };
  static void call(void* context, std::span<const Request> requests, std::span<Reply> replies,
                   BatchTime time) noexcept {
    const auto& [test, responder] = *static_cast<Handler*>(context);
    responder->respond(requests, replies, time);
    if (auto meanwhile = std::exchange(test->meanwhile_, nullptr)) meanwhile();
  }

  void run() {
    const auto opened = listeners_->open();
    ASSERT_TRUE(opened) << opened.error();
    listeners_->start();
  }
  // Asked over UDP; how many answers of the server were late.
  std::uint64_t late_over_udp(std::string_view qname, std::function<void()> meanwhile) {
    meanwhile_ = std::move(meanwhile);
    run();
    const UdpPeer client(listeners_->endpoints().front());
    client.send(test::query(qname, wire::type::a));
    EXPECT_FALSE(client.receive().empty());
    return late();
  }
  // As many queries in one segment.
  std::uint64_t late_over_tcp(int queries, std::function<void()> meanwhile) {
    meanwhile_ = std::move(meanwhile);
    run();
    const TcpPeer client(listeners_->endpoints().front());
    testing::Bytes octets;
    for (int i = 0; i < queries; ++i) {
      const auto frame = TcpPeer::frame(test::query("web.corp", wire::type::a));
      octets.insert(octets.end(), frame.begin(), frame.end());
    }
    client.send(octets);
    for (int i = 0; i < queries; ++i) EXPECT_FALSE(client.receive().empty());
    return late();
  }
  std::uint64_t late() {
    listeners_->stop();  // what the workers counted is counted
    return listeners_->counts().late;
  }

  // What is published from now on was published so long ago.
  void publish_as_of(registry::Mono::duration ago) { clock_ = std::chrono::steady_clock::now() - ago; }
  void change_web(registry::Mono::duration ago) {
    publish_as_of(ago);
    world_.put("web.corp", Given{.id = "i1", .v4 = "10.0.0.9", .port = 80});
  }

  registry::Mono clock_;
  test::World world_{{.listen_addresses = {"127.0.0.1"}, .reverse = {}, .clock = [this] { return clock_; }}};
  ServerOptions options_;
  std::vector<std::unique_ptr<Responder>> responders_;
  std::array<Handler, 2> handlers_;
  std::size_t used_ = 0;
  std::function<void()> meanwhile_;
  std::unique_ptr<Listeners> listeners_;
};

TEST_F(Late, AnAnswerSentLongAfterItsBlockWasReplacedIsCounted) {
  EXPECT_EQ(late_over_udp("web.corp", [this] { change_web(2ms); }), 1U);
}
TEST_F(Late, AnAnswerSentSoonAfterwardsIsNot) {
  EXPECT_EQ(late_over_udp("web.corp", [this] { change_web(-1h); }), 0U) << "replaced, a moment ago at most";
}
TEST_F(Late, AChangeOfAnotherServiceDoesNotMakeItLate) {
  EXPECT_EQ(late_over_udp("other.corp", [this] { change_web(2ms); }), 0U);
}
TEST_F(Late, AnAnswerWithoutAServiceIsNeverLate) {
  EXPECT_EQ(late_over_udp("nothing.corp", [this] { change_web(2ms); }), 0U);
}
TEST_F(Late, AServiceThatIsGoneWasReplacedToo) {
  EXPECT_EQ(late_over_udp("web.corp",
                          [this] {
                            publish_as_of(2ms);
                            world_.effect(registry::DeleteServiceEffect{"web.corp"});
                          }),
            1U);
}
TEST_F(Late, AReloadReplacesEverything) {
  EXPECT_EQ(late_over_udp("web.corp",
                          [this] {
                            publish_as_of(2ms);
                            world_.publisher.publish_all(world_.registry, world_.now);
                          }),
            1U);
}
TEST_F(Late, AnAliasAnswersWithItsTargetsBlock) {
  EXPECT_EQ(late_over_udp("www.alt", [this] { change_web(2ms); }), 1U);
}
TEST_F(Late, WhatWasReplacedBeforeTheLookUpIsNotAnsweredFrom) {
  change_web(2ms);
  EXPECT_EQ(late_over_udp("web.corp", nullptr), 0U);
}
TEST_F(Late, OneQueryOverTcpIsCounted) {
  EXPECT_EQ(late_over_tcp(1, [this] { change_web(2ms); }), 1U);
}
TEST_F(Late, EveryAnswerOfATcpWriteIsCounted) {
  // More than a batch: the first one's answers are written with the second's, which are made of the new block.
  EXPECT_EQ(late_over_tcp(static_cast<int>(kMaxBatch) + 6, [this] { change_web(2ms); }), std::uint64_t{kMaxBatch});
}
TEST_F(Late, OverTcpSoonIsNotLateEither) {
  EXPECT_EQ(late_over_tcp(3, [this] { change_web(-1h); }), 0U);
}

}  // namespace
}  // namespace dnsd::serve
