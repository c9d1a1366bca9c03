// What the propagation histogram counts, through the write path.
#include <gtest/gtest.h>

#include <numeric>

#include "registry/write/test_write_path.h"

namespace registry {
namespace {

using namespace write_test;
using namespace std::chrono_literals;

class PropagationTest : public WritePathTest {
 protected:
  void SetUp() override {
    WritePathTest::SetUp();
    before_ = writes.propagation();
  }
  [[nodiscard]] std::uint64_t count(Event event) const {
    const auto& counts = writes.propagation().of(event).counts;
    const auto& before = before_.of(event).counts;
    return std::reduce(counts.begin(), counts.end()) - std::reduce(before.begin(), before.end());
  }
  [[nodiscard]] std::chrono::nanoseconds sum(Event event) const {
    return writes.propagation().of(event).sum - before_.of(event).sum;
  }
  [[nodiscard]] ChangeSet probe(Verdict verdict) {
    return registry.observe_probe("worker.corp", "w1", "tcp", {.verdict = verdict, .fault = Fault::none}, now);
  }

 private:
  Propagation before_;  // of the fixture's own namespace
};

TEST_F(PropagationTest, AWriteTakesFromItsArrivalUntilItIsPublished) {
  on_publish = [&](const ChangeSet&) {
    now.mono += 1ms;
    writes.note_published();
    now.mono += 1min;  // what is told to others is not waited for
  };
  submit({put("w1"), put("w2")});
  now.mono += 3ms;  // the disk
  log.finish();
  EXPECT_EQ(count(Event::write), 1U) << "one submission, one event";
  EXPECT_EQ(sum(Event::write), 4ms);
}

TEST_F(PropagationTest, EachSubmissionOfACommitCountsFromItsOwnArrival) {
  submit({put("w1")});
  now.mono += 2ms;
  submit({put("w2")});  // waits for the commit of the first
  now.mono += 3ms;
  submit({put("w3")});
  log.finish();
  EXPECT_EQ(sum(Event::write), 5ms);
  now.mono += 10ms;
  log.finish();
  EXPECT_EQ(count(Event::write), 3U);
  EXPECT_EQ(sum(Event::write), 5ms + 13ms + 10ms);
}

TEST_F(PropagationTest, WhatPublishesNothingIsNotCounted) {
  submit({put("w1")});
  log.finish();
  ASSERT_EQ(count(Event::write), 1U);
  submit({put("w1")});                         // equal: there is nothing to commit
  submit({put("x", 10, "worker.elsewhere")});  // refused
  submit({put("w2")});
  log.finish(disk_full());  // failed
  ChangeSet horizon;
  horizon.horizons = {"worker.corp"};  // bounds TTLs, changes no answer
  writes.observe(horizon, Accepted{Event::probe, now.mono});
  EXPECT_EQ(count(Event::write), 1U);
  EXPECT_EQ(count(Event::report), 0U);
  EXPECT_EQ(count(Event::probe), 0U);
}

TEST_F(PropagationTest, AnObservationTakesFromWhenItWasMade) {
  submit({with_checks(put("w1"))});
  log.finish();
  const Mono posted = now.mono;
  now.mono += 700us;  // it waited for the control thread
  writes.observe(probe(Verdict::ok), Accepted{Event::probe, posted});
  EXPECT_EQ(count(Event::probe), 1U);
  EXPECT_EQ(sum(Event::probe), 700us);
  now.mono += 30s;  // the lease ends on time, and is seen to 2 ms later
  const Mono due = registry.next_deadline();
  now.mono = due + 2ms;
  writes.observe(registry.advance(now), Accepted{Event::deadline, due});
  EXPECT_EQ(count(Event::deadline), 1U);
  EXPECT_EQ(sum(Event::deadline), 2ms);
}

TEST(Propagation, ABoundBelongsToItsBucket) {
  Propagation propagation;
  const Mono at(1h);
  const auto took = [&](Mono::duration time) { propagation.note({Event::probe, at}, at + time); };
  took(100us);
  took(100us + 1ns);
  took(10s);
  took(10s + 1ns);
  took(-1ms);  // a deadline that the timer met early
  const auto& histogram = propagation.of(Event::probe);
  EXPECT_EQ(histogram.counts[0], 2U);
  EXPECT_EQ(histogram.counts[1], 1U);
  EXPECT_EQ(histogram.counts[Propagation::kBounds.size() - 1], 1U);
  EXPECT_EQ(histogram.counts[Propagation::kBounds.size()], 1U);
  EXPECT_EQ(histogram.sum, 20s + 200us + 2ns);
}

}  // namespace
}  // namespace registry
