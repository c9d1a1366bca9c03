#include "registry/write/write_path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "registry/codec/codec.h"

namespace registry {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A log that answers when the test says so.
class FakeLog final : public store::CommitLog {
 public:
  std::expected<store::Loaded, std::string> load() override { return store::Loaded{}; }
  void commit(const Record& record, Committed done) override {
    EXPECT_FALSE(under_way_) << "one commit is outstanding at a time";
    records.push_back(record);
    under_way_ = std::move(done);
  }
  void write_behind(std::vector<Effect> effects, Revision reached) override {
    EXPECT_GE(reached, reached_);
    reached_ = reached;
    for (const Effect& effect : effects) behind.push_back(codec::encode(effect).key);
  }
  void backup(std::filesystem::path, Committed) override {}
  void close(Revision) override {}
  [[nodiscard]] store::Stats stats() const override { return {}; }

  [[nodiscard]] bool busy() const { return static_cast<bool>(under_way_); }
  void finish(std::optional<Problem> failure = std::nullopt) { std::exchange(under_way_, nullptr)(std::move(failure)); }

  std::vector<Record> records;
  std::vector<std::string> behind;  // keys

 private:
  Committed under_way_;
  Revision reached_ = 0;
};

Problem disk_full() { return {ProblemKind::disk_full, "full", {}, {}}; }
DomainName name(std::string_view text) { return DomainName::parse(text).value(); }

PutInstance put(std::string id, std::uint16_t weight = 10, std::string service = "worker.corp") {
  PutInstance command{.service = name(service), .def = {}};
  command.def.id = command.def.label = std::move(id);
  command.def.addresses.v4 = Ipv4{{10, 0, 0, 1}};
  command.def.port = 80;
  command.def.weight = weight;
  return command;
}

PutInstance with_checks(PutInstance command) {
  CheckDef tcp, lease;
  tcp.name = "tcp";
  lease.name = "lease";
  lease.kind = CheckKind::heartbeat;
  lease.lease = 30s;
  command.def.checks = {tcp, lease};
  return command;
}

class WritePathTest : public ::testing::Test {
 protected:
  void SetUp() override {
    NamespaceDef corp;
    corp.name = name("corp");
    submit({PutNamespace{corp}});
    log.finish();
    answers.clear();
    published.clear();
    log.records.clear();
    log.behind.clear();
  }

  // Its answer lands in `answers` at the place of the submission.
  std::size_t submit(std::vector<Command> commands, bool atomic = false) {
    const std::size_t place = answers.size();
    answers.emplace_back();
    writes.submit(std::move(commands), atomic, [this, place](WriteResult result) {
      order.push_back(place);
      answers[place] = std::move(result);
    });
    return place;
  }
  Outcome outcome(std::size_t place, std::size_t command = 0) { return answers[place]->results.at(command).value(); }
  ProblemKind problem(std::size_t place, std::size_t command = 0) {
    const auto& result = answers[place]->results.at(command);
    EXPECT_FALSE(result);
    return result ? ProblemKind::forbidden : result.error().kind;
  }

  Now now{.mono = Mono(1h), .wall = Wall(1'767'225'600'000ms)};
  Registry registry;
  FakeLog log;
  std::vector<ChangeSet> published;
  std::function<void(const ChangeSet&)> on_publish;
  WritePath writes{registry, log, [this] { return now; },
                   [this](const ChangeSet& changes) {
                     published.push_back(changes);
                     if (on_publish) on_publish(changes);
                   },
                   8};
  std::vector<std::optional<WriteResult>> answers;
  std::vector<std::size_t> order;
};

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

TEST_F(WritePathTest, DrainWaitsForEverythingSubmitted) {
  bool idle = false;
  writes.drain([&] { idle = true; });
  EXPECT_TRUE(idle);
  idle = false;
  submit({put("w1")});
  submit({put("w2")});
  writes.drain([&] { idle = true; });
  log.finish();
  EXPECT_FALSE(idle);
  log.finish();
  EXPECT_TRUE(idle);
}

TEST_F(WritePathTest, BetweenBatchesIsCalledThoughWritesNeverPause) {
  bool called = false, drained = false;
  submit({put("w1")});
  submit({put("w2")});
  writes.between_batches([&] { called = true; });
  writes.drain([&] { drained = true; });
  EXPECT_FALSE(called) << "a commit is under way";
  log.finish();
  EXPECT_TRUE(called);
  EXPECT_TRUE(log.busy());
  EXPECT_FALSE(drained);
  log.finish();
  EXPECT_TRUE(drained);
}

TEST_F(WritePathTest, WhatIsSubmittedBetweenBatchesGoesAheadOfAllThatWaits) {
  submit({put("busy")});
  PutInstance claim = put("w1", 99);
  claim.when.create_only = true;
  const auto late = submit({claim});
  std::vector<bool> was_free;
  std::vector<WriteResult> results;
  for (int i = 0; i < 2; ++i) {
    writes.between_batches([&] {
      was_free.push_back(!registry.find_instance("worker.corp", "w1"));
      if (was_free.back()) writes.submit({claim}, true, [&](WriteResult r) { results.push_back(std::move(r)); });
    });
  }
  log.finish();
  EXPECT_THAT(was_free, ElementsAre(true)) << "one at a time";
  while (log.busy()) log.finish();
  EXPECT_THAT(was_free, ElementsAre(true, false)) << "the second sees what the first did";
  ASSERT_EQ(results.size(), 1U);
  EXPECT_EQ(results[0].results.at(0).value(), Outcome::created);
  EXPECT_EQ(problem(late), ProblemKind::precondition_failed);
}

TEST_F(WritePathTest, BetweenBatchesComesAtOnceWhenNothingIsWritten) {
  int calls = 0;
  writes.between_batches([&] {
    ++calls;
    writes.between_batches([&] { ++calls; });
  });
  EXPECT_EQ(calls, 2);
}

TEST_F(WritePathTest, ACallerMaySubmitFromItsAnswer) {
  submit({put("busy")});
  bool second = false;
  writes.submit({put("w1")}, false, [&](WriteResult) {
    writes.submit({put("w1")}, false,
                  [&](WriteResult result) { second = result.results.at(0).value() == Outcome::unchanged; });
  });
  log.finish();
  log.finish();
  EXPECT_TRUE(second);
}

TEST_F(WritePathTest, ALateCommitDoesNotTouchADeadWritePath) {
  {
    WritePath brief(
        registry, log, [this] { return now; }, [](const ChangeSet&) {});
    brief.submit({put("w1")}, false, [](WriteResult) { FAIL(); });
  }
  log.finish();
}

}  // namespace
}  // namespace registry
