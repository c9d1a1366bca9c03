#include "registry/slow_start.h"

#include "registry/registry_fixture.h"

namespace registry {
namespace {

TEST(Share, TakesThirtyTwoStepsOverTheTime) {
  EXPECT_EQ(share_after(0s, 0ms), kFullShare);
  EXPECT_EQ(share_after(-1s, 31s), 1);
  EXPECT_EQ(share_after(31s, 31s), kFullShare);
  for (int step = 1; step < kFullShare; ++step) {
    const auto next = time_of_next(static_cast<std::uint8_t>(step), 10s);
    EXPECT_EQ(share_after(next, 10s), step + 1);
    EXPECT_EQ(share_after(next - 1us, 10s), step);
  }
}

TEST(Share, OfAWeightIsNeverAnAccidentalZero) {
  EXPECT_EQ(part_of(0, 1), 0);
  EXPECT_EQ(part_of(1, 1), 1);
  EXPECT_EQ(part_of(10, 1), 1);
  EXPECT_EQ(part_of(320, 1), 10);
  EXPECT_EQ(part_of(65535, 31), 63487);
  EXPECT_EQ(part_of(65535, kFullShare), 65535);
}

TEST(Share, StepsOnAGridThatIsAStepWide) {
  const auto at = [](auto time) { return Mono{} + time; };
  EXPECT_EQ(on_grid(at(5s), 31s), at(5s));
  EXPECT_EQ(on_grid(at(5s + 1ns), 31s), at(6s));
  EXPECT_EQ(on_grid(at(101ms), 1s), at(200ms)) << "never finer than 100 ms";
}

class SlowStart : public Fixture {
 protected:
  void SetUp() override {
    ServicePolicy policy;
    policy.slow_start = 31s;
    ASSERT_TRUE(put_service("web.corp", policy));
    put_instance("web.corp", weighing(320));
  }
  static InstanceDef weighing(std::uint16_t weight) {
    InstanceDef def = with_checks(instance("i1"), {tcp_check()});
    def.weight = weight;
    return def;
  }
  int weight() { return get("web.corp", "i1").effective_weight; }
};

TEST_F(SlowStart, GivesTheWeightStepByStepAndTellsEachAsItsOwnKindOfChange) {
  EXPECT_EQ(weight(), 320) << "of whatever is not available nothing is taken";
  probe("web.corp", "i1", Verdict::ok);
  EXPECT_EQ(weight(), 10);
  for (int step = 2; step <= 32; ++step) {
    EXPECT_EQ(registry.next_deadline(), now.mono + 1s);
    pass(1s);
    EXPECT_EQ(weight(), 10 * step);
    ASSERT_EQ(changes.changes.size(), 1U);
    EXPECT_EQ(changes.changes[0].op, ChangeOp::weight);
    EXPECT_EQ(changes.touched_services, std::vector<std::string>{"web.corp"});
    for (const Effect& effect : registry.observed(changes))
      EXPECT_FALSE(std::holds_alternative<CheckStateEffect>(effect));
  }
  EXPECT_EQ(registry.next_deadline(), Mono::max());
}

TEST_F(SlowStart, StepsOverWhatALatePulseMissed) {
  probe("web.corp", "i1", Verdict::ok);
  pass(1h);
  EXPECT_EQ(weight(), 320);
  EXPECT_EQ(changes.changes.size(), 1U);
  EXPECT_EQ(registry.next_deadline(), Mono::max());
}

TEST_F(SlowStart, BeginsAnewWithEveryReturn) {
  probe("web.corp", "i1", Verdict::ok);
  pass(40s);
  for (int i = 0; i < 3; ++i) probe("web.corp", "i1", Verdict::failed);
  EXPECT_FALSE(get("web.corp", "i1").available);
  for (int i = 0; i < 2; ++i) probe("web.corp", "i1", Verdict::ok);
  EXPECT_EQ(weight(), 10);
}

TEST_F(SlowStart, IsNotInterruptedByWhatKeepsItAvailable) {
  probe("web.corp", "i1", Verdict::ok);
  pass(10s);
  put_instance("web.corp", weighing(640));
  EXPECT_EQ(weight(), 220);
  probe("web.corp", "i1", Verdict::failed);
  EXPECT_EQ(weight(), 220);
}

TEST_F(SlowStart, AHeartbeatBetweenTwoStepsMovesNothing) {
  InstanceDef def = weighing(320);
  def.checks = {lease(60s)};
  ASSERT_TRUE(put_instance("web.corp", def));
  ASSERT_EQ(weight(), 10);
  now.mono += 1500ms;  // the step was due, but nobody told the registry yet
  beat("web.corp", "i1");
  EXPECT_EQ(changes.revision, 0U);
  EXPECT_EQ(weight(), 10);
  changes = registry.advance(now);
  EXPECT_EQ(weight(), 20);
  ASSERT_EQ(changes.changes.size(), 1U);
  EXPECT_EQ(changes.changes[0].op, ChangeOp::weight);
}

TEST_F(SlowStart, AnotherLengthCountsAtOnce) {
  probe("web.corp", "i1", Verdict::ok);
  pass(10s);
  ServicePolicy policy;
  policy.slow_start = 1h;
  ASSERT_TRUE(put_service("web.corp", policy));
  EXPECT_EQ(weight(), 10);
  policy.slow_start = 20s;
  ASSERT_TRUE(put_service("web.corp", policy));
  EXPECT_EQ(weight(), 160) << "15 of 31 steps have passed";
}

// A service whose thousand instances come one after the other is published about 32 times, not 31,000 times.
TEST_F(SlowStart, InstancesOfOneServiceTakeTheirStepsTogether) {
  for (int i = 0; i < 1'000; ++i) {
    InstanceDef def = instance("n" + std::to_string(i));
    def.weight = 320;
    ASSERT_TRUE(put_instance("web.corp", def));
    now.mono += 1ms;
  }
  int steps = 0;
  for (Mono next; (next = registry.next_deadline()) != Mono::max(); ++steps) {
    ASSERT_LT(steps, 100);
    now.mono = next;
    changes = registry.advance(now);
  }
  EXPECT_LE(steps, 34);
  EXPECT_EQ(get("web.corp", "n0").effective_weight, 320);
  EXPECT_EQ(get("web.corp", "n999").effective_weight, 320);
}

TEST_F(SlowStart, EndsWithThePolicyOrTheInstance) {
  probe("web.corp", "i1", Verdict::ok);
  ASSERT_TRUE(put_service("web.corp"));
  EXPECT_EQ(weight(), 320);
  ServicePolicy policy;
  policy.slow_start = 31s;
  ASSERT_TRUE(put_service("web.corp", policy));
  EXPECT_EQ(weight(), 320) << "it is no start to get another policy";
  for (int i = 0; i < 3; ++i) probe("web.corp", "i1", Verdict::failed);
  for (int i = 0; i < 2; ++i) probe("web.corp", "i1", Verdict::ok);
  EXPECT_EQ(weight(), 10);
  put(DeleteInstance{name("web.corp"), "i1"});
  pass(5s);
  EXPECT_EQ(registry.next_deadline(), Mono::max());
}

TEST_F(SlowStart, ARestartIsNoStart) {
  probe("web.corp", "i1", Verdict::ok);
  auto effects = log;
  for (auto& effect : registry.observed(changes)) effects.push_back(std::move(effect));
  Registry again;
  (void)again.restore(std::move(effects), registry.revision(), now);
  const Instance* const found = again.find_instance("web.corp", "i1");
  ASSERT_NE(found, nullptr);
  EXPECT_TRUE(found->available);
  EXPECT_EQ(found->effective_weight, 320);
}

}  // namespace
}  // namespace registry
