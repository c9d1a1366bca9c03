// Flap hold-down: the arithmetic, and what no history can make it do.
#include <gtest/gtest.h>

#include <random>

#include "registry/health.h"

namespace registry {
namespace {

using namespace std::chrono_literals;

class DampingTest : public testing::Test {
 protected:
  // Feeds `count` equal results; returns how many of them changed the state.
  int feed(Verdict verdict, int count = 1) {
    int changes = 0;
    for (int i = 0; i < count; ++i) {
      changes += observe(status, def, {.verdict = verdict, .fault = Fault::refused}, Wall{1'000s});
    }
    return changes;
  }
  void fall() { EXPECT_EQ(feed(Verdict::failed, def.fall), 1); }
  // Back up; how many successes that took.
  int climb() {
    int taken = 0;
    while (!is_up(status.state) && taken < 1000) taken += 1, feed(Verdict::ok);
    return taken;
  }
  CheckDef def{.name = "c", .rise = 2, .fall = 3, .ok = 2};
  CheckStatus status;
};

TEST_F(DampingTest, EachFallAfterTheSecondDoublesTheRiseUpToTheCap) {
  feed(Verdict::ok);
  for (const int expected : {2, 2, 4, 8, 16, 32, 32, 32}) {
    fall();
    EXPECT_EQ(damped_rise(status, def), expected);
    EXPECT_EQ(results_until_flip(status, def), expected) << "the horizon knows";
    EXPECT_EQ(climb(), expected);
  }
}

TEST_F(DampingTest, AFailureOnTheWayUpBeginsTheClimbAnew) {
  feed(Verdict::ok);
  for (int i = 0; i < 2; ++i) fall(), climb();
  fall();
  feed(Verdict::ok, 3);
  feed(Verdict::failed);
  EXPECT_EQ(climb(), 4);
}

TEST_F(DampingTest, SixtyCalmResultsForgetOneFall) {
  feed(Verdict::ok);
  for (int i = 0; i < 4; ++i) fall(), climb();
  EXPECT_EQ(damped_rise(status, def), 8);
  feed(Verdict::ok, kCalmResults - 1);
  EXPECT_EQ(damped_rise(status, def), 8);
  feed(Verdict::failed);  // not calm: it begins anew, after the two that forget the failure
  feed(Verdict::ok, 2 + kCalmResults - 1);
  EXPECT_EQ(damped_rise(status, def), 8);
  feed(Verdict::ok);
  EXPECT_EQ(damped_rise(status, def), 4);
  feed(Verdict::ok, 3 * kCalmResults);
  EXPECT_EQ(status.flaps, 0);
}

TEST_F(DampingTest, HoweverOftenItFellItIsForgottenInThirtyFiveMinutes) {
  feed(Verdict::ok);
  for (int i = 0; i < 100; ++i) fall(), climb();
  feed(Verdict::ok, 7 * kCalmResults);
  EXPECT_EQ(status.flaps, 0);
}

TEST_F(DampingTest, ALargerRiseThanTheCapStands) {
  def.rise = 40;
  feed(Verdict::ok);
  for (int i = 0; i < 9; ++i) {
    fall();
    EXPECT_EQ(climb(), 40);
  }
}

TEST_F(DampingTest, UnknownVerdictsAndReportedStatesAreNoFalls) {
  feed(Verdict::ok);
  for (int i = 0; i < 9; ++i) {
    enter(status, CheckState::critical, Fault::reported, "", Wall{1'000s});
    feed(Verdict::unknown, 5);
    enter(status, CheckState::passing, Fault::none, "", Wall{1'000s});
  }
  EXPECT_EQ(status.flaps, 0);
}

TEST_F(DampingTest, AFirstFailureIsNoFall) {
  fall();
  EXPECT_EQ(status.flaps, 0);
}

// The worst that a target can do is to fail as fast as it may and to rise as fast as it may.
TEST_F(DampingTest, TheWorstTargetFallsSixTimesAndThenOnceIn35Results) {
  feed(Verdict::ok);
  int falls = 0, results = 1;
  while (results < 5'000) {
    if (is_up(status.state)) {
      results += def.fall, falls += feed(Verdict::failed, def.fall);
    } else {
      results += climb();
    }
    EXPECT_LE(falls, 6 + results / 35) << results;
  }
  EXPECT_GE(falls, results / 35) << "the bound is no looser than it must be";
}

class RandomHistories : public DampingTest, public testing::WithParamInterface<unsigned> {};

TEST_P(RandomHistories, FallNoMoreOftenThanTheBoundAndKeepTheCounters) {
  std::mt19937 random(GetParam());
  const auto pick = [&](unsigned below) { return static_cast<int>(random() % below); };
  for (int history = 0; history < 40; ++history) {
    status = {};
    int falls = 0, results = 0, burst = 0, bad = 0;
    const int mood = 1 + pick(9);  // of ten results this many fail, in bursts
    while (results < 2'000) {
      if (burst-- <= 0) bad = pick(10) < mood, burst = pick(80);
      const CheckState before = status.state;
      const bool held = is_held(status, def);
      const Verdict verdict = pick(20) == 0 ? Verdict::unknown : bad && pick(8) != 0 ? Verdict::failed : Verdict::ok;
      const bool hold = pick(3) == 0;
      const bool changed = observe(status, def, {verdict, Fault::timeout, {}, {}}, Wall{1'000s}, hold);
      results += verdict != Verdict::unknown;
      const bool fell = is_up(before) && status.state == CheckState::critical;
      falls += fell;
      EXPECT_EQ(changed, before != status.state);
      EXPECT_FALSE(fell && (hold || verdict != Verdict::failed));
      EXPECT_LE(status.failures, def.fall);
      EXPECT_TRUE(!is_held(status, def) || (verdict != Verdict::ok && (hold || held)));
      EXPECT_GE(results_until_flip(status, def), 1);
      EXPECT_LE(results_until_flip(status, def), kMaxDampedRise);
      ASSERT_LE(falls, 6 + results / 35);
      ASSERT_FALSE(HasFailure()) << "history " << history << ", result " << results;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomHistories, testing::Range(1U, 9U));

}  // namespace
}  // namespace registry
