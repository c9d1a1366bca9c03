// What runs between commits, and when all is done.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "registry/write/test_write_path.h"

namespace registry {
namespace {

using namespace write_test;
using namespace std::chrono_literals;
using ::testing::ElementsAre;

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
