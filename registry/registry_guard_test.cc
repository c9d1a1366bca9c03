// What the guard of the probes does to a registry: nothing leaves DNS by our own fault, what is dead does, and nothing
// is held for ever.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "registry/registry_fleet.h"

namespace registry {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;

TEST_F(Fleet, OurNetworkDiesAndComesBackWithoutOneTransition) {  // H4
  put_fleet(10, 4, tcp_check());
  round(false);
  ASSERT_EQ(count_available(), 100);
  went_down = 0;
  for (int i = 0; i < 20; ++i) round(true);
  EXPECT_TRUE(registry.guard_holding());
  EXPECT_EQ(count_available(), 100);
  EXPECT_EQ(count_reason(Reason::guard_held), 100);
  EXPECT_EQ(registry.held_instances(), 100U);
  EXPECT_EQ(registry.because(service(0), "i0", now.wall), "check tcp failed: timed out, held by the guard");
  const CheckStatus& status = get(service(0), "i0").status[0];
  EXPECT_EQ(status.failures, 3) << "what was seen is shown";
  EXPECT_EQ(status.output, "timed out");
  for (int i = 0; i < 4; ++i) round(false);
  EXPECT_FALSE(registry.guard_holding());
  EXPECT_EQ(went_down, 0);
  EXPECT_EQ(count_reason(Reason::ok), 100);
  EXPECT_EQ(registry.held_instances(), 0U);
  EXPECT_THAT(told, ElementsAre("probes holding", "probes off"));
  EXPECT_EQ(registry.next_deadline(), Mono::max());
}

TEST_F(Fleet, WhatRefusesIsDeadHoweverManyItAre) {
  put_fleet(10, 4, tcp_check());
  round(false);
  for (int i = 0; i < 3; ++i) round(true, Fault::refused);
  EXPECT_EQ(count_available(), 0);
  EXPECT_THAT(told, IsEmpty());
}

TEST_F(Fleet, ADeadRackIsNotHeld) {
  put_fleet(10, 4, tcp_check());
  round(false);
  for (int i = 0; i < 3; ++i) round([](int network) { return network == 2; });
  EXPECT_EQ(count_available(), 75);
  EXPECT_THAT(told, IsEmpty());
}

TEST_F(Fleet, WhatRefusesGoesAlsoWhileTheGuardHolds) {
  put_fleet(10, 4, tcp_check());
  round(false);
  for (int i = 0; i < 4; ++i) round(true);
  keep(registry.observe_probe(service(0), "i0", "tcp", {Verdict::failed, Fault::refused, "connection refused", {}},
                              now));
  EXPECT_FALSE(get(service(0), "i0").available);
  EXPECT_EQ(get(service(0), "i0").reason, Reason::check_failing);
  EXPECT_EQ(count_available(), 99);
}

// At fall 1 the first verdicts take effect before the evidence is complete.
TEST_F(Fleet, WhatFellBeforeTheEvidenceWasCompleteIsReverted) {
  CheckDef check = tcp_check();
  check.fall = 1;
  put_fleet(10, 4, check);
  round(false);
  const Wall since = get(service(0), "i0").status[0].since;
  went_down = 0;
  round(true);
  EXPECT_GT(went_down, 4) << "before half of them were seen to fail";
  EXPECT_LT(went_down, 60);
  EXPECT_EQ(count_available(), 100);
  EXPECT_EQ(count_reason(Reason::guard_held), 100);
  EXPECT_EQ(get(service(0), "i0").status[0].since, since) << "as if it had not been";
  EXPECT_EQ(get(service(0), "i0").status[0].flaps, 0);
}

TEST_F(Fleet, OneNetworkIsHeldWhenTheServerCannotReachItself) {
  put_fleet(10, 1, tcp_check());
  round(false);
  round(true);
  EXPECT_THAT(told, IsEmpty());
  keep(registry.observe_self_probe(true, now));
  EXPECT_THAT(told, ElementsAre("probes holding"));
  round(true);
  round(true);
  EXPECT_EQ(count_available(), 100);
  keep(registry.observe_self_probe(false, now));
  advance(10s);
  EXPECT_THAT(told, ElementsAre("probes holding", "probes off")) << "it reaches itself: they are dead";
  round(true);
  EXPECT_EQ(count_available(), 0);
}

TEST_F(Fleet, ASelfProbeThatStopsIsNoEvidenceForEver) {
  put_fleet(10, 1, tcp_check());
  round(false);
  keep(registry.observe_self_probe(true, now));
  for (int i = 0; i < 10; ++i) round(true);
  EXPECT_EQ(count_available(), 0);
  EXPECT_THAT(told, ElementsAre("probes holding", "probes off"));
}

TEST_F(Fleet, TheHoldEndsByItselfAndWhatFailsIsBelieved) {  // H5
  put_fleet(10, 4, tcp_check());
  round(false);
  round(true);
  ASSERT_TRUE(registry.guard_holding());
  const Mono until = registry.guards()[0].until;
  EXPECT_LE(until, now.mono + 10min);
  while (now.mono < until - 5s) round(true);
  EXPECT_EQ(count_available(), 100);
  EXPECT_LE(get(service(0), "i0").horizon, until) << "the TTL knows of it";
  round(true);
  EXPECT_EQ(count_available(), 0);
  for (int i = 0; i < 5; ++i) round(true);
  EXPECT_THAT(told, ElementsAre("probes holding", "probes spent"));
  round(false);
  round(false);
  EXPECT_EQ(count_available(), 100);
}

TEST_F(Fleet, OneCommandLiftsItAtOnce) {
  put_fleet(10, 4, tcp_check());
  round(false);
  for (int i = 0; i < 4; ++i) round(true);
  keep(registry.lift_guard(now));
  EXPECT_EQ(count_available(), 0);
  EXPECT_EQ(changes.changes.size(), 101U) << "in one change set, with the guard's own";
  EXPECT_THAT(changes.changes, Contains(Field(&Change::cause, "lifted by command")));
  EXPECT_TRUE(registry.lift_guard(now).empty()) << "nothing is held any more";
}

class NoFleet : public Fleet {};

TEST_F(NoFleet, WhatIsGoneOrChangedIsNoLongerCounted) {
  put_fleet(10, 4, tcp_check());
  round(false);
  round(true);
  ASSERT_TRUE(registry.guard_holding());
  each([&](const std::string& of, const std::string& id, int) { put(DeleteInstance{name(of), id}); });
  EXPECT_EQ(registry.held_instances(), 0U);
  advance(10s);
  EXPECT_FALSE(registry.guard_holding());
  told.clear();
  put_fleet(2, 4, tcp_check());
  round(false);
  for (int i = 0; i < 4; ++i) round([](int network) { return network < 2; });
  EXPECT_EQ(count_available(), 10) << "half of them, with nothing left over in the sums, is not over half";
  EXPECT_THAT(told, IsEmpty());
}

TEST_F(NoFleet, AHeldCheckCountsAnewAfterARestart) {
  put_fleet(10, 4, tcp_check());
  round(false);
  for (int i = 0; i < 4; ++i) round(true);
  std::vector<Effect> effects = log;
  for (const auto& [key, each_service] : registry.services()) {
    ChangeSet all;
    for (const auto& [id, one] : each_service.instances)
      all.changes.push_back({ChangeKind::instance, ChangeOp::state, key, id, true, {}});
    for (Effect& effect : registry.observed(all)) effects.push_back(std::move(effect));
  }
  Registry restored;
  restored.restore(std::move(effects), registry.revision(), now);
  std::size_t up = 0;
  for (const auto& [key, each_service] : restored.services()) up += each_service.available;
  EXPECT_EQ(up, 100U);
  EXPECT_EQ(restored.held_instances(), 0U);
  for (int i = 0; i < 2; ++i) {
    each([&](const std::string& of, const std::string& id, int) {
      (void)restored.observe_probe(of, id, "tcp", {Verdict::failed, Fault::timeout, "", {}}, now);
    });
  }
  EXPECT_TRUE(restored.guard_holding()) << "before the third failure";
}

}  // namespace
}  // namespace registry
