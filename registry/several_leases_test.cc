// Several heartbeat checks of one instance, checks that begin in a state, checks that take their instance with them.
#include <gmock/gmock.h>

#include "registry/registry_fixture.h"

namespace registry {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class SeveralLeases : public Fixture {
 protected:
  static CheckDef named(std::string check, Millis duration) {
    CheckDef def = lease(duration);
    def.name = std::move(check);
    return def;
  }
  void register_with(std::vector<CheckDef> checks) {
    InstanceDef def = with_checks(instance("i1"), std::move(checks));
    def.deregister_after = 60s;
    ASSERT_TRUE(put_instance("web.corp", def));
  }
  std::optional<ProblemKind> beat_of(std::string_view check, std::optional<CheckState> state = std::nullopt) {
    auto result = registry.heartbeat("web.corp", "i1", check, state, "", now);
    if (!result) return result.error().kind;
    changes = std::move(*result);
    return std::nullopt;
  }
  const Instance& i1() { return get("web.corp", "i1"); }
};

TEST_F(SeveralLeases, EachHasItsOwnClock) {
  register_with({named("a", 10s), named("b", 30s)});
  EXPECT_EQ(i1().lease_deadline, now.mono + 10s);
  pass(10s);
  EXPECT_EQ(i1().status[0].state, CheckState::critical);
  EXPECT_EQ(i1().status[1].state, CheckState::passing);
  EXPECT_EQ(i1().reason, Reason::lease_expired);
  EXPECT_EQ(i1().lease_deadline, now.mono + 20s);
  EXPECT_EQ(i1().forget_at, now.mono + 60s);
  EXPECT_FALSE(beat_of("a"));
  EXPECT_TRUE(i1().available);
  EXPECT_FALSE(i1().forget_at);
  EXPECT_EQ(i1().lease_deadline, now.mono + 10s);
}

TEST_F(SeveralLeases, TheFirstThatEndedSaysWhenTheInstanceGoes) {
  register_with({named("a", 10s), named("b", 30s)});
  pass(10s);
  const Mono first = now.mono + 60s;
  pass(20s);
  EXPECT_EQ(i1().forget_at, first);
  EXPECT_FALSE(beat_of("a"));
  EXPECT_EQ(i1().forget_at, now.mono + 60s) << "of the other one";
  EXPECT_FALSE(i1().available);
  EXPECT_FALSE(beat_of("b"));
  EXPECT_TRUE(i1().available);
}

TEST_F(SeveralLeases, AHeartbeatNamesItsCheck) {
  register_with({tcp_check(), named("a", 10s), named("b", 10s)});
  EXPECT_FALSE(beat_of("b", CheckState::warning));
  EXPECT_EQ(i1().status[2].state, CheckState::warning);
  EXPECT_FALSE(beat_of("", CheckState::critical));
  EXPECT_EQ(i1().status[1].state, CheckState::critical) << "without a name it is the first";
  EXPECT_EQ(beat_of("tcp"), ProblemKind::no_lease);
  EXPECT_EQ(beat_of("c"), ProblemKind::no_lease);
}

TEST_F(SeveralLeases, OneWithoutLengthHasNoEnd) {
  register_with({named("told", 0s)});
  EXPECT_FALSE(i1().lease_deadline);
  EXPECT_FALSE(beat_of("told", CheckState::critical));
  EXPECT_FALSE(i1().available);
  EXPECT_FALSE(beat_of("told", CheckState::passing));
  pass(30 * 24h);
  EXPECT_TRUE(i1().available);
  EXPECT_THAT(registry.due(now, 10).instances, IsEmpty());
}

TEST_F(SeveralLeases, AnEqualPutRenewsAllOfThem) {
  register_with({named("a", 10s), named("b", 20s)});
  pass(9s);
  changes = registry.renew_lease("web.corp", "i1", now);
  pass(9s);
  EXPECT_TRUE(i1().available);
  EXPECT_EQ(i1().lease_deadline, now.mono + 1s);
}

TEST_F(SeveralLeases, AnotherOneAddedLeavesTheOthersState) {
  register_with({named("a", 10s)});
  EXPECT_FALSE(beat_of("a", CheckState::critical));
  register_with({named("a", 10s), named("b", 10s)});
  EXPECT_EQ(i1().status[0].state, CheckState::critical);
  EXPECT_EQ(i1().status[1].state, CheckState::passing);
  register_with({});
  EXPECT_TRUE(i1().available);
  EXPECT_FALSE(i1().lease_deadline);
  EXPECT_EQ(registry.next_deadline(), Mono::max());
}

TEST_F(SeveralLeases, AreAddedToTheTemplatesProbes) {
  ServicePolicy policy;
  policy.checks = {tcp_check(), tcp_check("b")};
  ASSERT_TRUE(put_service("web.corp", policy));
  register_with({named("a", 10s), named("b", 10s)});
  ASSERT_EQ(i1().checks->size(), 3U) << "a check of its own stands for the template's of that name";
  EXPECT_EQ((*i1().checks)[0].name, "tcp");
}

TEST_F(SeveralLeases, ACheckMayBeginInAState) {
  CheckDef down = named("down", 10s), up = tcp_check();
  down.initial = CheckState::critical;
  up.initial = CheckState::passing;
  register_with({up});
  EXPECT_TRUE(i1().available) << "before its first probe";
  register_with({up, down});
  EXPECT_FALSE(i1().available);
  EXPECT_FALSE(i1().forget_at) << "it was told so, no lease ended";
  EXPECT_FALSE(beat_of("down"));
  EXPECT_TRUE(i1().available);
}

TEST_F(SeveralLeases, ACriticalCheckTakesItsInstanceWithIt) {
  CheckDef check = tcp_check();
  check.fall = 1;
  check.rise = 1;
  check.deregister_after = 60s;
  register_with({check});
  probe("web.corp", "i1", Verdict::failed);
  EXPECT_EQ(registry.next_deadline(), now.mono + 60s);
  pass(59s);
  probe("web.corp", "i1", Verdict::ok);
  probe("web.corp", "i1", Verdict::failed);
  pass(59s);
  EXPECT_THAT(registry.due(now, 10).instances, IsEmpty()) << "it was up in between";
  EXPECT_EQ(*put(DeleteInstance{name("web.corp"), "i1", {}, true}), Outcome::unchanged);
  pass(1s);
  EXPECT_THAT(registry.due(now, 10).instances, ElementsAre(Registry::InstanceRef{"web.corp", "i1"}));
  EXPECT_GT(registry.next_deadline(), now.mono) << "what is due does not make the clock spin";
  EXPECT_EQ(*put(DeleteInstance{name("web.corp"), "i1", {}, true}), Outcome::removed);
  EXPECT_THAT(registry.due(now, 10).instances, IsEmpty());
}

TEST_F(SeveralLeases, OneThatEndedMovesNothingUntilItsInstanceGoes) {
  register_with({named("a", 10s), named("b", 60s)});
  pass(10s);
  ASSERT_TRUE(i1().forget_at);
  EXPECT_EQ(i1().horizon, *i1().lease_deadline) << "of the one that runs; what is out already cannot go from answers";
  pass(50s);
  EXPECT_EQ(i1().horizon, Mono::max());
}

TEST_F(SeveralLeases, WhatIsDueForDeregistrationIsGoneForHeartbeatsAndComesBackByACommit) {
  CheckDef check = named("a", 10s);
  check.deregister_after = 60s;
  check.initial = CheckState::critical;
  InstanceDef def = with_checks(instance("i1"), {check});
  def.deregister_after = 30 * 24h;
  ASSERT_TRUE(put_instance("web.corp", def));
  pass(60s);
  ASSERT_THAT(registry.due(now, 10).instances, ElementsAre(Registry::InstanceRef{"web.corp", "i1"}));
  EXPECT_EQ(beat_of("a"), ProblemKind::unknown_instance) << "its deletion may be on its way";
  EXPECT_EQ(*put_instance("web.corp", def), Outcome::replaced) << "an equal one alone would not stop that";
  EXPECT_THAT(registry.due(now, 10).instances, IsEmpty());
  EXPECT_FALSE(beat_of("a"));
}

TEST_F(SeveralLeases, EachKeepsItsStateOverARestart) {
  const auto keep = [&] {
    const auto effects = registry.observed(changes);
    log.insert(log.end(), effects.begin(), effects.end());
  };
  register_with({named("a", 10s), named("b", 60s), named("c", 60s)});
  keep();
  EXPECT_FALSE(beat_of("b", CheckState::critical));
  keep();
  pass(10s);
  keep();
  now.mono += 1000h;  // another boot
  Registry restored;
  restored.restore(log, 1000, now);
  const Instance& after = *restored.find_instance("web.corp", "i1");
  EXPECT_EQ(after.trace[0].lease, LeasePhase::ended);
  EXPECT_EQ(after.forget_at, now.mono + 60s);
  EXPECT_EQ(after.status[1].state, CheckState::critical) << "as it was told";
  EXPECT_EQ(after.trace[1].lease, LeasePhase::running);
  EXPECT_EQ(after.status[2].state, CheckState::passing);
  EXPECT_EQ(after.lease_deadline, now.mono + 60s) << "a full term each";
  for (const auto* check : {"a", "b"}) {
    EXPECT_TRUE(restored.heartbeat("web.corp", "i1", check, std::nullopt, "", now)) << check;
  }
  EXPECT_TRUE(after.available);
  EXPECT_FALSE(after.forget_at);
  EXPECT_EQ(after.lease_deadline, now.mono + 10s);
}

TEST_F(SeveralLeases, ACriticalChecksTimeBeginsAnewAtARestart) {
  CheckDef check = tcp_check();
  check.fall = 1;
  check.deregister_after = 60s;
  register_with({check});
  probe("web.corp", "i1", Verdict::failed);
  const auto effects = registry.observed(changes);
  log.insert(log.end(), effects.begin(), effects.end());
  pass(59s);
  Registry restored;
  restored.restore(log, 1000, now);
  now.mono += 59s;
  (void)restored.advance(now);
  EXPECT_THAT(restored.due(now, 10).instances, IsEmpty());
  now.mono += 1s;
  EXPECT_THAT(restored.due(now, 10).instances, ElementsAre(Registry::InstanceRef{"web.corp", "i1"}));
}

TEST_F(SeveralLeases, AnotherTemplateLeavesThoseOfTheInstanceAlone) {
  register_with({named("a", 10s), named("b", 60s)});
  pass(10s);
  const Instance before = i1();
  ServicePolicy policy;
  policy.checks = {tcp_check()};
  ASSERT_TRUE(put_service("web.corp", policy));
  ASSERT_EQ(i1().checks->size(), 3U);
  EXPECT_EQ(i1().trace[1].lease, LeasePhase::ended);
  EXPECT_EQ(i1().forget_at, before.forget_at);
  EXPECT_EQ(i1().lease_deadline, before.lease_deadline);
  ASSERT_TRUE(put_service("web.corp", {}));
  EXPECT_EQ(i1().trace[0].lease, LeasePhase::ended);
  EXPECT_EQ(i1().forget_at, before.forget_at);
  EXPECT_FALSE(beat_of("a"));
  EXPECT_TRUE(i1().available);
}

TEST_F(SeveralLeases, ARegistrationGivesACriticalCheckItsTimeAnew) {
  CheckDef check = tcp_check();
  check.fall = 1;
  check.deregister_after = 60s;
  register_with({check});
  probe("web.corp", "i1", Verdict::failed);
  pass(59s);
  InstanceDef other = with_checks(instance("i1"), {check});
  other.tags = {"x"};
  ASSERT_TRUE(put_instance("web.corp", other));
  pass(59s);
  EXPECT_THAT(registry.due(now, 10).instances, IsEmpty());
}

}  // namespace
}  // namespace registry
