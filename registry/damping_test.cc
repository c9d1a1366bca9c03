// Flap hold-down: the arithmetic, and what no history can make it do.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <random>
#include <vector>

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

// H3: alternating results never take it down, at fall 3 with ok 2 they do once: the failures are remembered.
TEST_F(DampingTest, AlternatingResultsFallAtMostOnceAndStayDown) {
  feed(Verdict::ok);
  int changes = 0;
  for (int i = 0; i < 60; ++i) changes += feed(i % 2 == 0 ? Verdict::failed : Verdict::ok);
  EXPECT_EQ(changes, 1);
}

// H3: one result in ten fails at random. The expected number of falls, from the machine as a Markov chain (up with
// failures and successes counted, down with successes counted), and what 1,000 checks do in five minutes.
double expected_falls(const CheckDef& def, double p, int results) {
  std::map<std::array<int, 3>, double> now{{{1, 0, 0}, 1.0}};  // up, failures, successes
  double falls = 0;
  for (int i = 0; i < results; ++i) {
    std::map<std::array<int, 3>, double> next;
    for (const auto& [state, share] : now) {
      const auto [up, failures, successes] = state;
      if (up == 1) {
        const bool falls_now = failures + 1 >= def.fall;
        falls += falls_now ? share * p : 0;
        next[falls_now ? std::array{0, 0, 0} : std::array{1, failures + 1, 0}] += share * p;
        const bool healed = failures == 0 || successes + 1 >= def.ok;
        next[healed ? std::array{1, 0, 0} : std::array{1, failures, successes + 1}] += share * (1 - p);
      } else {
        next[{0, 0, 0}] += share * p;
        next[successes + 1 >= def.rise ? std::array{1, 0, 0} : std::array{0, 0, successes + 1}] += share * (1 - p);
      }
    }
    now = std::move(next);
  }
  return falls;
}

TEST_F(DampingTest, RandomFailuresTakeDownNoMoreThanTheyMust) {
  constexpr int kChecks = 1'000, kResults = 60;
  const double expected = kChecks * expected_falls(def, 0.1, kResults);
  std::mt19937 random(5);
  int falls = 0;
  for (int check = 0; check < kChecks; ++check) {
    status = {};
    feed(Verdict::ok);
    for (int i = 0; i < kResults; ++i) {
      const bool was_up = is_up(status.state);
      feed(random() % 10 == 0 ? Verdict::failed : Verdict::ok);
      falls += was_up && !is_up(status.state);
    }
  }
  EXPECT_NEAR(falls, expected, 4 * std::sqrt(expected)) << "four standard deviations of a Poisson count";
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
