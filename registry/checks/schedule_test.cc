#include "registry/checks/schedule.h"

#include <gmock/gmock.h>

#include <array>
#include <map>
#include <numeric>
#include <random>
#include <set>
#include <utility>

namespace registry::checks {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;

constexpr Millis kInterval{1000};
constexpr Millis kLatest{1000 + 16};  // with the largest jitter, 1/64

const Mono kStart{std::chrono::hours(5)};

std::vector<Generation> take_all(Schedule& schedule, Mono now) {
  schedule.advance(now);
  std::vector<Generation> out;
  while (const auto next = schedule.take(now)) out.push_back(*next);
  return out;
}

TEST(Schedule, ProbesAtOnceAndThenOneIntervalAfterTheStart) {
  Schedule schedule(8, 1);
  schedule.add(1, kInterval, kStart);
  EXPECT_THAT(take_all(schedule, kStart), ElementsAre(1));
  schedule.finished(1);
  ASSERT_TRUE(schedule.next());
  EXPECT_GE(*schedule.next(), kStart + kInterval);
  EXPECT_LE(*schedule.next(), kStart + kLatest);
  EXPECT_THAT(take_all(schedule, kStart + kInterval - Millis(1)), ElementsAre());
  EXPECT_THAT(take_all(schedule, kStart + kLatest), ElementsAre(1));
}

TEST(Schedule, NeverProbesEarlierThanTheInterval) {
  Schedule schedule(8, 7);
  schedule.add(1, kInterval, kStart);
  Mono last = kStart - kInterval;
  std::set<Mono::duration> gaps;
  for (int i = 0; i < 1000; ++i) {
    const Mono due = *schedule.next();
    gaps.insert(due - last);
    EXPECT_GE(due - last, kInterval);
    EXPECT_LE(due - last, kLatest);
    ASSERT_THAT(take_all(schedule, due), ElementsAre(1));
    schedule.finished(1);
    last = due;
  }
  EXPECT_GT(gaps.size(), 100U) << "turns are not jittered";
}

TEST(Schedule, ARunningProbeIsNeverStackedAndTheTurnIsCounted) {
  Schedule schedule(8, 1);
  schedule.add(1, kInterval, kStart);
  ASSERT_THAT(take_all(schedule, kStart), ElementsAre(1));
  EXPECT_THAT(take_all(schedule, kStart + seconds(2)), ElementsAre());
  EXPECT_EQ(schedule.skipped(), 1U);
  EXPECT_THAT(take_all(schedule, kStart + seconds(4)), ElementsAre());
  EXPECT_EQ(schedule.skipped(), 2U);
  schedule.finished(1);
  EXPECT_THAT(take_all(schedule, kStart + seconds(6)), ElementsAre(1));
}

TEST(Schedule, RunsAtMostTheCapFirstComeFirstServed) {
  Schedule schedule(2, 1);
  for (Generation g = 1; g <= 5; ++g) schedule.add(g, kInterval, kStart + Millis(g));
  EXPECT_THAT(take_all(schedule, kStart + Millis(10)), ElementsAre(1, 2));
  EXPECT_EQ(schedule.running(), 2U);
  EXPECT_EQ(schedule.waiting(), 3U);
  schedule.finished(2);
  EXPECT_THAT(take_all(schedule, kStart + Millis(11)), ElementsAre(3));
  schedule.finished(1);
  schedule.finished(3);
  EXPECT_THAT(take_all(schedule, kStart + Millis(12)), ElementsAre(4, 5));
}

TEST(Schedule, OneThatWaitsIsNotQueuedTwice) {
  Schedule schedule(1, 1);
  schedule.add(1, Millis(10), kStart);
  schedule.add(2, Millis(10), kStart);
  ASSERT_THAT(take_all(schedule, kStart), ElementsAre(1));
  for (int i = 1; i <= 50; ++i) EXPECT_THAT(take_all(schedule, kStart + Millis(20) * i), ElementsAre());
  EXPECT_EQ(schedule.waiting(), 1U);
  schedule.finished(1);
  EXPECT_THAT(take_all(schedule, kStart + seconds(2)), ElementsAre(2));
}

TEST(Schedule, ARemovedTargetKeepsItsPlaceUntilItsProbeEnded) {
  Schedule schedule(1, 1);
  schedule.add(1, kInterval, kStart);
  schedule.add(2, kInterval, kStart + Millis(1));
  ASSERT_THAT(take_all(schedule, kStart + Millis(1)), ElementsAre(1));
  schedule.remove(1);
  EXPECT_THAT(take_all(schedule, kStart + Millis(2)), ElementsAre());
  schedule.finished(1);
  EXPECT_THAT(take_all(schedule, kStart + Millis(2)), ElementsAre(2));
  schedule.finished(2);
  schedule.remove(2);
  EXPECT_EQ(schedule.next(), std::nullopt);
  EXPECT_EQ(schedule.size(), 0U);
}

TEST(Schedule, ARemovedTargetLeavesTheQueue) {
  Schedule schedule(1, 1);
  for (Generation g = 1; g <= 3; ++g) schedule.add(g, kInterval, kStart + Millis(g));
  ASSERT_THAT(take_all(schedule, kStart + Millis(5)), ElementsAre(1));
  schedule.remove(2);
  EXPECT_EQ(schedule.waiting(), 1U);
  schedule.finished(1);
  EXPECT_THAT(take_all(schedule, kStart + Millis(5)), ElementsAre(3));
}

TEST(Schedule, RestartIsDueAtOnceAndReplacesThePlannedTurn) {
  Schedule schedule(1, 1);
  schedule.add(1, kInterval, kStart);
  ASSERT_THAT(take_all(schedule, kStart), ElementsAre(1));
  schedule.finished(1);
  schedule.restart(1, kStart + Millis(300));
  EXPECT_THAT(take_all(schedule, kStart + Millis(300)), ElementsAre(1));
  schedule.finished(1);
  EXPECT_THAT(take_all(schedule, kStart + kLatest), ElementsAre()) << "the old turn must be gone";
  EXPECT_THAT(take_all(schedule, kStart + Millis(300) + kLatest), ElementsAre(1));
}

TEST(Schedule, RestartOfARunningOneFollowsWhenItHasFinished) {
  Schedule schedule(1, 1);
  schedule.add(1, kInterval, kStart);
  ASSERT_THAT(take_all(schedule, kStart), ElementsAre(1));
  schedule.restart(1, kStart);
  EXPECT_THAT(take_all(schedule, kStart + Millis(1)), ElementsAre());
  schedule.finished(1);
  EXPECT_THAT(take_all(schedule, kStart + Millis(2)), ElementsAre(1));
  EXPECT_EQ(schedule.skipped(), 0U);
}

TEST(Schedule, ManyReplacedTargetsLeaveNothingBehind) {
  Schedule schedule(1, 1);
  schedule.add(1, kInterval, kStart);
  for (Generation g = 2; g < 200'000; ++g) {
    schedule.add(g, std::chrono::hours(1), kStart + std::chrono::hours(1));
    schedule.remove(g);
  }
  EXPECT_EQ(schedule.size(), 1U);
  EXPECT_EQ(schedule.next(), kStart);
}

TEST(Schedule, HundredThousandTargetsAllGetTheirTurnInAnyInterval) {
  constexpr Generation kTargets = 100'000;
  Schedule schedule(256, 3);
  for (Generation g = 1; g <= kTargets; ++g) schedule.add(g, seconds(10), kStart + Millis(g % 10'000));
  std::vector<int> turns(kTargets + 1);
  for (Mono now = kStart; now < kStart + seconds(10); now += Millis(10)) {
    for (const Generation g : take_all(schedule, now)) {
      ++turns[g];
      schedule.finished(g);
    }
    ASSERT_LT(schedule.waiting(), 256U);
  }
  schedule.advance(kStart + seconds(10));
  for (Generation g = 1; g <= kTargets; ++g) ASSERT_LE(turns[g], 1) << g;
  EXPECT_GE(std::accumulate(turns.begin(), turns.end(), 0), 99'000);
}

TEST(Schedule, ASlowerPaceBeginsWithTheNextTurnAndAFasterOneAtOnce) {
  Schedule schedule(8, 1);
  schedule.add(1, kInterval, kStart);
  ASSERT_THAT(take_all(schedule, kStart), ElementsAre(1));
  schedule.finished(1);
  schedule.set_interval(1, 10 * kInterval, kStart);
  ASSERT_THAT(take_all(schedule, kStart + kLatest), ElementsAre(1)) << "the turn that was planned";
  schedule.finished(1);
  const Mono last = kStart + kLatest;
  EXPECT_GE(*schedule.next(), last + 10 * kInterval);
  schedule.set_interval(1, kInterval, last + 4 * kInterval);
  EXPECT_THAT(take_all(schedule, last + 4 * kInterval), ElementsAre(1)) << "the interval has passed already";
}

TEST(Schedule, AFasterPaceStillKeepsTheInterval) {
  Schedule schedule(8, 1);
  schedule.add(1, 10 * kInterval, kStart);
  ASSERT_THAT(take_all(schedule, kStart), ElementsAre(1));
  schedule.finished(1);
  schedule.set_interval(1, kInterval, kStart + Millis(300));
  EXPECT_EQ(schedule.next(), kStart + kInterval);
}

TEST(Schedule, AFasterPaceWhileItRunsCountsFromThatRun) {
  Schedule schedule(8, 1);
  schedule.add(1, 10 * kInterval, kStart);
  ASSERT_THAT(take_all(schedule, kStart), ElementsAre(1));
  schedule.set_interval(1, kInterval, kStart + Millis(300));
  schedule.finished(1);
  EXPECT_THAT(take_all(schedule, kStart + kInterval), ElementsAre(1));
}

TEST(Schedule, OneShareLeavesTheOtherPlacesToOthers) {
  Schedule schedule(4, 1);
  const Share sick{7, 2}, well{8, 2};
  for (Generation g = 1; g <= 5; ++g) schedule.add(g, kInterval, kStart + Millis(g), sick);
  schedule.add(6, kInterval, kStart + Millis(6), well);
  EXPECT_THAT(take_all(schedule, kStart + Millis(10)), ElementsAre(1, 2, 6)) << "6 is not behind 3, 4 and 5";
  EXPECT_EQ(schedule.waiting(), 3U);
  schedule.finished(6);
  EXPECT_THAT(take_all(schedule, kStart + Millis(11)), ElementsAre());
  schedule.finished(1);
  EXPECT_THAT(take_all(schedule, kStart + Millis(12)), ElementsAre(3));
  schedule.remove(4);
  schedule.remove(2);
  EXPECT_THAT(take_all(schedule, kStart + Millis(12)), ElementsAre()) << "2 still runs";
  schedule.finished(2);
  EXPECT_THAT(take_all(schedule, kStart + Millis(13)), ElementsAre(5));
}

TEST(Schedule, OneThatIsRemovedWhenItsTurnHasComeLetsTheNextOneGo) {
  Schedule schedule(4, 1);
  for (Generation g = 1; g <= 3; ++g) schedule.add(g, kInterval, kStart + Millis(g), {7, 1});
  ASSERT_THAT(take_all(schedule, kStart + Millis(10)), ElementsAre(1));
  schedule.finished(1);
  schedule.remove(2);
  EXPECT_THAT(take_all(schedule, kStart + Millis(11)), ElementsAre(3));
}

TEST(Schedule, HoweverTargetsComeAndGoNoShareIsExceededAndNobodyIsForgotten) {
  std::minstd_rand random(11);
  const auto pick = [&](unsigned below) { return static_cast<unsigned>(random()) % below; };
  constexpr std::size_t kMost[] = {1, 2, 3, 100};
  Schedule schedule(6, 1);
  std::map<Generation, unsigned> live, running;  // -> share
  Generation last = 0;
  Mono now = kStart;
  for (int step = 0; step < 20'000; ++step) {
    now += Millis(pick(30));
    if (pick(4) == 0 && live.size() < 60) {
      const unsigned share = pick(4);
      schedule.add(++last, Millis(50), now, {share, kMost[share]});
      live[last] = share;
    }
    if (pick(6) == 0 && !live.empty()) {
      const auto it = std::next(live.begin(), pick(static_cast<unsigned>(live.size())));
      schedule.remove(it->first);
      live.erase(it);
    }
    if (pick(2) == 0 && !running.empty()) {
      const auto it = std::next(running.begin(), pick(static_cast<unsigned>(running.size())));
      schedule.finished(it->first);
      running.erase(it);
    }
    for (const Generation g : take_all(schedule, now)) running[g] = live.at(g);
    std::array<std::size_t, 4> counts{};
    for (const auto& [g, share] : running) ++counts[share];
    for (std::size_t share = 0; share < 4; ++share) ASSERT_LE(counts[share], kMost[share]) << step;
    ASSERT_EQ(schedule.running(), running.size());
    if (running.empty()) {
      ASSERT_EQ(schedule.waiting(), 0U) << step;
    }
  }
  std::set<Generation> seen;
  for (int i = 0; i < 1000 && seen.size() < live.size(); ++i, now += Millis(60)) {
    for (const auto& [g, share] : std::exchange(running, {})) schedule.finished(g);
    for (const Generation g : take_all(schedule, now)) {
      seen.insert(g);
      running[g] = live.at(g);
    }
  }
  EXPECT_EQ(seen.size(), live.size());
}

}  // namespace
}  // namespace registry::checks
