#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "registry/write/test_write_path.h"

namespace registry {
namespace {

using namespace write_test;
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_F(WritePathTest, NothingIsSeenBeforeItIsDurable) {
  const auto place = submit({put("w1")});
  EXPECT_TRUE(log.busy());
  EXPECT_FALSE(answers[place]);
  EXPECT_FALSE(registry.find_instance("worker.corp", "w1"));
  EXPECT_THAT(published, IsEmpty());
  on_publish = [&](const ChangeSet&) { EXPECT_FALSE(answers[place]) << "DNS first, callers then"; };
  log.finish();
  ASSERT_TRUE(answers[place]);
  EXPECT_EQ(outcome(place), Outcome::created);
  ASSERT_EQ(published.size(), 1U);
  EXPECT_EQ(answers[place]->revision, published[0].revision);
  EXPECT_EQ(answers[place]->revision, registry.revision());
  EXPECT_TRUE(registry.find_instance("worker.corp", "w1"));
  EXPECT_EQ(registry.find_instance("worker.corp", "w1")->created, log.records[0].revision);
}

TEST_F(WritePathTest, WhatComesDuringACommitGathersIntoTheNext) {
  submit({put("w1")});
  for (int i = 2; i <= 6; ++i) submit({put("w" + std::to_string(i))});
  EXPECT_EQ(writes.waiting(), 5U);
  log.finish();
  EXPECT_EQ(writes.waiting(), 0U);
  ASSERT_EQ(log.records.size(), 2U);
  EXPECT_GE(log.records[1].effects.size(), 5U);
  EXPECT_THAT(order, ElementsAre(0, 0));
  log.finish();
  EXPECT_THAT(order, ElementsAre(0, 0, 1, 2, 3, 4, 5));
  EXPECT_EQ(published.size(), 2U) << "one commit, one publish";
  EXPECT_EQ(answers[5]->revision, answers[1]->revision);
}

TEST_F(WritePathTest, AFailedCommandHurtsNoOther) {
  PutInstance stale = put("w2");
  stale.when.if_match = 77;
  submit({put("x", 10, "worker.elsewhere")});
  EXPECT_EQ(problem(0), ProblemKind::unknown_namespace) << "nothing to commit: answered at once";
  const auto place = submit({put("w1"), stale, put("w3")});
  log.finish();
  EXPECT_EQ(outcome(place, 0), Outcome::created);
  EXPECT_EQ(problem(place, 1), ProblemKind::precondition_failed);
  EXPECT_EQ(outcome(place, 2), Outcome::created);
  EXPECT_FALSE(answers[place]->failed_index);
}

TEST_F(WritePathTest, AnAtomicBatchIsAllOrNothing) {
  submit({put("busy")});
  PutInstance stale = put("w2");
  stale.when.if_match = 77;
  const auto failed = submit({put("w1"), stale, put("w3")}, true);
  const auto good = submit({put("w4"), put("w5")}, true);
  log.finish();
  log.finish();
  EXPECT_EQ(answers[failed]->failed_index, 1U);
  EXPECT_EQ(problem(failed, 0), ProblemKind::failed_dependency);
  EXPECT_EQ(problem(failed, 1), ProblemKind::precondition_failed);
  EXPECT_EQ(problem(failed, 2), ProblemKind::failed_dependency);
  EXPECT_FALSE(registry.find_instance("worker.corp", "w1"));
  EXPECT_FALSE(registry.find_instance("worker.corp", "w3"));
  EXPECT_EQ(outcome(good, 1), Outcome::created);
  EXPECT_TRUE(registry.find_instance("worker.corp", "w5"));
}

TEST_F(WritePathTest, AFailedCommitChangesNothingAndTheNextOneTriesAgain) {
  const Revision before = registry.revision();
  const auto first = submit({put("w1"), put("w2")});
  const auto second = submit({put("w3")});
  log.finish(disk_full());
  EXPECT_EQ(problem(first, 0), ProblemKind::disk_full);
  EXPECT_EQ(problem(first, 1), ProblemKind::disk_full);
  EXPECT_TRUE(writes.read_only());
  EXPECT_FALSE(registry.find_instance("worker.corp", "w1"));
  EXPECT_THAT(published, IsEmpty());
  log.finish();
  EXPECT_EQ(outcome(second), Outcome::created);
  EXPECT_FALSE(writes.read_only());
  EXPECT_GT(registry.revision(), before);
}

TEST_F(WritePathTest, WhoSawOnlyWhatFailedIsJudgedAgain) {
  submit({put("known")});
  log.finish();
  submit({put("busy")});
  const auto creator = submit({put("w1")});
  const auto same = submit({put("w1")});
  const auto equal = submit({put("known")});
  const auto nothing = submit({DeleteInstance{name("worker.corp"), "absent"}});
  log.finish();
  log.finish(disk_full());
  EXPECT_EQ(problem(creator), ProblemKind::disk_full);
  EXPECT_EQ(problem(same), ProblemKind::disk_full) << "its twin was never written";
  EXPECT_EQ(outcome(equal), Outcome::unchanged) << "a full disk does not matter to it";
  EXPECT_EQ(outcome(nothing), Outcome::absent);
}

TEST_F(WritePathTest, NothingToCommitIsAnsweredWithoutTheDiskButInOrder) {
  const auto first = submit({put("w1")});
  const auto same = submit({put("w1")});
  EXPECT_FALSE(answers[same]) << "it would tell of what is not durable yet";
  log.finish();
  EXPECT_EQ(outcome(first), Outcome::created);
  EXPECT_EQ(outcome(same), Outcome::unchanged);
  EXPECT_FALSE(log.busy());
  EXPECT_EQ(answers[same]->revision, answers[first]->revision);
  EXPECT_EQ(log.records.size(), 1U);
}

TEST_F(WritePathTest, AnEqualPutRenewsTheLease) {
  submit({with_checks(put("w1"))});
  log.finish();
  const Mono first = registry.find_instance("worker.corp", "w1")->lease_deadline.value();
  now.mono += 10s;
  const Revision before = registry.revision();
  EXPECT_EQ(outcome(submit({with_checks(put("w1"))})), Outcome::unchanged);
  EXPECT_EQ(registry.find_instance("worker.corp", "w1")->lease_deadline, first + 10s);
  EXPECT_EQ(registry.revision(), before);
  (void)writes.dry_run({with_checks(put("w1"))}, false);
  now.mono += 1s;
  (void)writes.dry_run({with_checks(put("w1"))}, false);
  EXPECT_EQ(registry.find_instance("worker.corp", "w1")->lease_deadline, first + 10s) << "a dry run changes nothing";
}

TEST_F(WritePathTest, ADryRunTellsAndChangesNothing) {
  const auto result = writes.dry_run({put("w1"), put("w1"), put("w1", 3)}, false);
  EXPECT_EQ(result.results.at(0).value(), Outcome::created);
  EXPECT_EQ(result.results.at(1).value(), Outcome::unchanged);
  EXPECT_EQ(result.results.at(2).value(), Outcome::replaced);
  EXPECT_EQ(result.revision, registry.revision());
  EXPECT_FALSE(log.busy());
  EXPECT_FALSE(registry.find_instance("worker.corp", "w1"));
}

TEST_F(WritePathTest, TooManyAreRefusedAtOnce) {
  submit({put("busy")});
  for (int i = 0; i < 8; ++i) submit({put("w" + std::to_string(i))});
  EXPECT_EQ(writes.waiting(), 8U);
  const auto over = submit({put("over"), put("over2")});
  ASSERT_TRUE(answers[over]);
  EXPECT_EQ(problem(over, 0), ProblemKind::overloaded);
  EXPECT_EQ(answers[over]->results.size(), 2U);
  log.finish();
  log.finish();
  EXPECT_EQ(outcome(submit({put("busy")})), Outcome::unchanged) << "and there is room again";
}

TEST_F(WritePathTest, ManyWaitingCommandsAreRefusedToo) {
  submit({put("busy")});
  std::vector<Command> many(8 * 64, put("w1"));
  submit(many);
  EXPECT_EQ(problem(submit({put("w2")})), ProblemKind::overloaded);
  log.finish();
  log.finish();
}

TEST_F(WritePathTest, WhoeverPublishesMaySayThatItIsTooMuch) {
  bool too_much = true;
  writes.refuse_while([&] { return too_much; });
  EXPECT_EQ(problem(submit({put("w1")})), ProblemKind::overloaded);
  too_much = false;
  const auto again = submit({put("w1")});
  log.finish();
  EXPECT_EQ(outcome(again), Outcome::created);
}

TEST_F(WritePathTest, ACommitIsBounded) {
  WritePath wide(
      registry, log, [this] { return now; }, [](const ChangeSet&) {}, 4096);
  std::size_t answered = 0;
  const auto one = [&](std::vector<Command> commands) {
    wide.submit(std::move(commands), false, [&](WriteResult) { ++answered; });
  };
  one({put("busy")});
  for (int i = 0; i < 1500; ++i) one({put("w" + std::to_string(i))});
  log.finish();
  log.finish();
  EXPECT_EQ(answered, 1U + 1024U);
  log.finish();
  EXPECT_EQ(answered, 1501U);
  EXPECT_FALSE(log.busy());
}

TEST_F(WritePathTest, ObservationsGoAheadOfACommitUnderWay) {
  submit({with_checks(put("w1"))});
  log.finish();
  published.clear();
  log.behind.clear();
  submit({put("w2")});
  const Revision reserved = log.records.back().revision;
  writes.observe(
      registry.observe_probe("worker.corp", "w1", "tcp", {.verdict = Verdict::ok, .fault = Fault::none}, now));
  ASSERT_EQ(published.size(), 1U) << "a slow disk never keeps a dead instance in DNS";
  EXPECT_GT(published[0].revision, reserved);
  EXPECT_THAT(log.behind, ::testing::Contains("c/worker.corp/w1/tcp"));
  log.finish();
  ASSERT_EQ(published.size(), 2U);
  EXPECT_GT(published[1].revision, published[0].revision) << "revisions are announced in order";
}

TEST_F(WritePathTest, StatesOfWhatIsBeingDeletedWaitForTheCommit) {
  submit({with_checks(put("w1"))});
  log.finish();
  const auto probe = [&](Verdict verdict) {
    return registry.observe_probe("worker.corp", "w1", "tcp", {.verdict = verdict, .fault = Fault::none}, now);
  };
  submit({DeleteInstance{name("worker.corp"), "w1"}});
  log.behind.clear();
  writes.observe(probe(Verdict::ok));
  EXPECT_THAT(log.behind, ::testing::Not(::testing::Contains("c/worker.corp/w1/tcp")));
  log.finish(disk_full());
  EXPECT_THAT(log.behind, ::testing::Contains("c/worker.corp/w1/tcp")) << "it lives on, and so does its state";
  submit({DeleteInstance{name("worker.corp"), "w1"}});
  log.behind.clear();
  writes.observe(probe(Verdict::failed));
  writes.observe(probe(Verdict::failed));
  writes.observe(probe(Verdict::failed));
  log.finish();
  EXPECT_THAT(log.behind, ::testing::Not(::testing::Contains("c/worker.corp/w1/tcp")));
}

TEST_F(WritePathTest, TheFirstStateOfALeaseIsStoredWithItsRegistration) {
  submit({with_checks(put("w1"))});
  log.finish();
  EXPECT_THAT(log.behind, ::testing::Contains("c/worker.corp/w1/lease"));
  EXPECT_THAT(log.behind, ::testing::Not(::testing::Contains("c/worker.corp/w1/tcp"))) << "nothing is known of it";
  log.behind.clear();
  now.wall += 1s;
  submit({with_checks(put("w1", 20))});
  log.finish();
  EXPECT_THAT(log.behind, ::testing::Not(::testing::Contains("c/worker.corp/w1/lease"))) << "it is stored already";
}

}  // namespace
}  // namespace registry
