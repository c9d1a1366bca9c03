#include "dnsd/forward/lookups.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "dnsd/forward/test_replies.h"

namespace dnsd::forward {
namespace {

using test::question;
using test::Reply;
using testing::ElementsAre;
using testing::IsEmpty;
using Kind = Outcome::Kind;

// Upstreams that say what the test tells them to, when it tells them to.
class LookupsTest : public testing::Test {
 protected:
  struct Try {
    std::size_t upstream;
    Question question;
    std::move_only_function<void(Outcome)> done;
  };

  Lookups& lookups(std::size_t upstreams = 2, std::size_t tries = 3) {
    lookups_ = std::make_unique<Lookups>(
        upstreams, tries,
        [this](std::size_t upstream, const Question& q, std::move_only_function<void(Outcome)> done) {
          tries_.push_back({upstream, q, std::move(done)});
        },
        cache_, 7, [this] { return now_; });
    return *lookups_;
  }
  void ask(const Question& q, From from = From::client) {
    lookups_->resolve(q, from, [this](const Said& said, seconds age) {
      rcodes_.push_back(said.rcode);
      reasons_.push_back(said.ede);
      ages_.push_back(age);
    });
  }
  Question outcome(Kind kind, wire::Rcode rcode = wire::Rcode::noerror, std::uint32_t ttl = 60) {
    auto next = std::move(tries_.front());
    tries_.pop_front();
    Outcome out{kind};
    if (kind == Kind::said) out.said = test::said(next.question, Reply(next.question, rcode).answer(ttl));
    next.done(out);
    return next.question;
  }
  [[nodiscard]] std::size_t asked() const { return tries_.front().upstream; }

  registry::Mono now_{std::chrono::hours(1)};
  Cache cache_{1 << 20, 7};
  std::unique_ptr<Lookups> lookups_;
  std::deque<Try> tries_;
  std::vector<wire::Rcode> rcodes_;
  std::vector<std::uint16_t> reasons_;
  std::vector<seconds> ages_;
};

constexpr auto kNoerror = wire::Rcode::noerror;
constexpr auto kServfail = wire::Rcode::servfail;
constexpr auto kRefused = wire::Rcode::refused;

TEST_F(LookupsTest, EqualQuestionsAreAskedOnce) {
  auto& lookups = this->lookups();
  const auto q = question("a.example");
  for (int i = 0; i < 5; ++i) ask(q);
  EXPECT_EQ(tries_.size(), 1U);
  EXPECT_EQ(lookups.waiting(), 5U);
  EXPECT_THAT(rcodes_, IsEmpty());
  outcome(Kind::said);
  EXPECT_THAT(rcodes_, ElementsAre(kNoerror, kNoerror, kNoerror, kNoerror, kNoerror));
  EXPECT_EQ(lookups.waiting(), 0U);
  EXPECT_EQ(lookups.under_way(), 0U);
  EXPECT_EQ(lookups.counts().joined, 4U);
}

TEST_F(LookupsTest, WhatWasSaidIsSaidAgainUntilItsTtlIsOver) {
  lookups();
  const auto q = question("a.example");
  ask(q);
  outcome(Kind::said, kNoerror, 60);
  now_ += seconds(59);
  ask(q);
  EXPECT_THAT(ages_, ElementsAre(seconds(0), seconds(59)));
  EXPECT_THAT(tries_, IsEmpty());
  now_ += seconds(1);
  ask(q);
  EXPECT_EQ(tries_.size(), 1U);
}

TEST_F(LookupsTest, WithTtlZeroThoseWhoWaitAreAnsweredAndNobodyElse) {
  lookups();
  const auto q = question("a.example");
  ask(q);
  ask(q);
  outcome(Kind::said, kNoerror, 0);
  EXPECT_THAT(rcodes_, ElementsAre(kNoerror, kNoerror));
  ask(q);
  EXPECT_EQ(tries_.size(), 1U);
}

TEST_F(LookupsTest, ASilentUpstreamIsPassedByAndTheOneThatAnsweredComesFirst) {
  lookups();
  ask(question("a.example"));
  EXPECT_EQ(asked(), 0U);
  outcome(Kind::timeout);
  EXPECT_EQ(asked(), 1U);
  outcome(Kind::said);
  EXPECT_THAT(rcodes_, ElementsAre(kNoerror));
  ask(question("b.example"));
  EXPECT_EQ(asked(), 1U);
  outcome(Kind::unreachable);
  EXPECT_EQ(asked(), 0U);
  outcome(Kind::said);
  ask(question("c.example"));
  EXPECT_EQ(asked(), 0U);
}

TEST_F(LookupsTest, ALostDatagramIsTriedAgainAsOftenAsAllowed) {
  auto& lookups = this->lookups(1, 3);
  ask(question("a.example"));
  outcome(Kind::timeout);
  outcome(Kind::timeout);
  outcome(Kind::timeout);
  EXPECT_THAT(tries_, IsEmpty());
  EXPECT_THAT(rcodes_, ElementsAre(kServfail));
  EXPECT_THAT(reasons_, ElementsAre(wire::ede::no_reachable_authority));
  EXPECT_EQ(lookups.counts_of(0).timeouts, 3U);
  EXPECT_EQ(lookups.counts().failed, 1U);
}

TEST_F(LookupsTest, WhatCannotBeReachedIsNotTriedTwice) {
  lookups(2, 8);
  ask(question("a.example"));
  outcome(Kind::unreachable);
  outcome(Kind::unreachable);
  EXPECT_THAT(tries_, IsEmpty());
  EXPECT_THAT(reasons_, ElementsAre(wire::ede::network_error));
}

TEST_F(LookupsTest, AnotherUpstreamMayKnowBetterThanAnError) {
  lookups(3, 3);
  ask(question("a.example"));
  outcome(Kind::said, kServfail);
  outcome(Kind::malformed);
  EXPECT_EQ(asked(), 2U);
  outcome(Kind::said, wire::Rcode::nxdomain);
  EXPECT_THAT(rcodes_, ElementsAre(wire::Rcode::nxdomain)) << "an answer, not an error";
}

TEST_F(LookupsTest, AnErrorOfAllIsPassedOnAndRememberedForASecond) {
  lookups();
  const auto q = question("a.example");
  ask(q);
  outcome(Kind::said, kServfail);
  outcome(Kind::said, kRefused);
  EXPECT_THAT(rcodes_, ElementsAre(kRefused));
  ask(q);
  EXPECT_THAT(tries_, IsEmpty());
  EXPECT_THAT(rcodes_, ElementsAre(kRefused, kRefused));
  now_ += kFailureTtl;
  ask(q);
  EXPECT_EQ(tries_.size(), 1U);
}

TEST_F(LookupsTest, TheFailureOfOneQuestionIsNotThatOfAnother) {
  lookups(1, 1);
  ask(question("a.example"));
  ask(question("a.example", wire::type::aaaa));
  outcome(Kind::timeout);
  outcome(Kind::said);
  EXPECT_THAT(rcodes_, ElementsAre(kServfail, kNoerror));
}

TEST_F(LookupsTest, AQuestionThatComesBackFromAnUpstreamFailsAtOnce) {
  auto& lookups = this->lookups(1);
  const auto q = question("a.example");
  ask(q);
  ask(q, From::upstream);
  EXPECT_THAT(rcodes_, ElementsAre(kServfail));
  EXPECT_EQ(lookups.counts().loops, 1U);
  EXPECT_EQ(tries_.size(), 1U) << "and the first one still waits";
  ask(question("b.example"), From::upstream);
  EXPECT_EQ(tries_.size(), 2U) << "what it asks for itself is asked";
}

TEST_F(LookupsTest, ALoopThatNobodyRecognisesSendsNothingTwice) {
  auto& lookups = this->lookups(1, 2);
  const auto q = question("a.example");
  ask(q);
  for (int i = 0; i < 100; ++i) ask(q);  // from another forwarder on this host
  EXPECT_EQ(tries_.size(), 1U);
  outcome(Kind::timeout);
  outcome(Kind::timeout);
  EXPECT_EQ(rcodes_.size(), 101U);
  EXPECT_EQ(lookups.counts().asked, 2U);
}

TEST_F(LookupsTest, QuestionsUnderWayAreBounded) {
  auto& lookups = this->lookups();
  for (std::size_t i = 0; i <= Lookups::kMaxQuestions; ++i) ask(question("n" + std::to_string(i) + ".example"));
  EXPECT_EQ(tries_.size(), Lookups::kMaxQuestions);
  EXPECT_THAT(rcodes_, ElementsAre(kServfail));
  EXPECT_EQ(lookups.counts().overload, 1U);
  outcome(Kind::said);
  ask(question("next.example"));
  EXPECT_EQ(lookups.under_way(), Lookups::kMaxQuestions);
  EXPECT_EQ(rcodes_.size(), 2U);
}

TEST_F(LookupsTest, WhoWaitsIsBounded) {
  auto& lookups = this->lookups();
  for (std::size_t i = 0; i < Lookups::kMaxWaiting + 3; ++i) ask(question("a.example"));
  EXPECT_EQ(lookups.waiting(), Lookups::kMaxWaiting);
  EXPECT_EQ(rcodes_.size(), 3U);
  outcome(Kind::said);
  EXPECT_EQ(rcodes_.size(), Lookups::kMaxWaiting + 3);
}

TEST_F(LookupsTest, WhoIsToldMayAskAgainAtOnce) {
  lookups();
  const auto q = question("a.example");
  int told = 0;
  lookups_->resolve(q, From::client, [&](const Said&, seconds) {
    lookups_->resolve(q, From::client, [&](const Said&, seconds) { ++told; });
  });
  outcome(Kind::said, kNoerror, 0);
  ASSERT_EQ(tries_.size(), 1U);
  outcome(Kind::said, kNoerror, 0);
  EXPECT_EQ(told, 1);
}

}  // namespace
}  // namespace dnsd::forward
