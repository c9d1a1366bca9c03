// The edges of the guards' lives: what begins, ends or changes while something is held or about to be.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "registry/registry_fleet.h"

namespace registry {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class SlowFleet : public Fleet {
 protected:
  void put_slow_fleet(Millis slow_start) {
    CheckDef check = tcp_check();
    check.fall = 1;
    put_fleet(10, 4, check);
    ServicePolicy policy;
    policy.slow_start = slow_start;
    for (int i = 0; i < services_; ++i) put_service(service(i), policy);
    round(false);
  }
  void fail_and_be_reverted() {
    went_down = 0;
    round(true);
    EXPECT_GT(went_down, 4) << "before the evidence was complete";
    EXPECT_EQ(count_available(), 100);
    EXPECT_EQ(count_reason(Reason::guard_held), 100);
  }
};

TEST_F(SlowFleet, WhatIsPutBackHasItsWholeWeight) {
  put_slow_fleet(31s);
  advance(60s);
  fail_and_be_reverted();
  each([&](const std::string& of, const std::string& id, int) {
    EXPECT_EQ(get(of, id).share, kFullShare) << of << id;
    EXPECT_EQ(get(of, id).effective_weight, 10) << of << id;
  });
}

TEST_F(SlowFleet, AStartThatAFallInterruptedIsWhereItWouldBe) {
  put_slow_fleet(31s);
  round(false);
  fail_and_be_reverted();
  advance(1s);
  each([&](const std::string& of, const std::string& id, int) { EXPECT_GE(get(of, id).share, 10) << of << id; });
  for (int i = 0; i < 5; ++i) round(false);
  each([&](const std::string& of, const std::string& id, int) { EXPECT_EQ(get(of, id).share, kFullShare); });
}

class SilentLeases : public Fleet {
 protected:
  void put_leases(Millis length, Millis deregister_after) {
    services_ = 10;
    networks_ = 2;
    each([&](const std::string& of, const std::string& id, int network) {
      InstanceDef def = with_checks(instance(id, fmt::format("10.0.{}.1", network)), {lease(length)});
      def.deregister_after = deregister_after;
      put_instance(of, def);
    });
  }
  void deregister_due() {
    for (const auto& [of, id] : registry.due(now, 1000).instances) {
      put(DeleteInstance{.service = name(of), .id = id, .only_due = true});
    }
  }
};

TEST_F(SilentLeases, NothingIsDeregisteredThatMayBePutBack) {
  put_leases(30s, 0s);
  each([&](const std::string& of, const std::string& id, int) {  // heartbeats spread over ten seconds
    advance(100ms);
    keep(registry.heartbeat(of, id, {}, {}, {}, now).value());
  });
  went_down = 0;
  for (int i = 0; i < 400; ++i) {
    advance(100ms);
    deregister_due();
  }
  EXPECT_EQ(went_down, 21);
  EXPECT_EQ(registry.instance_count(), 100U);
  EXPECT_EQ(count_available(), 100);
}

TEST_F(SilentLeases, ALongTermIsRevertibleForAMinute) {
  put_leases(1h, 0s);
  keep(registry.heartbeat(service(0), "i0", {}, {}, {}, now).value());
  each([&](const std::string& of, const std::string& id, int) {
    if (id != "i0") keep(registry.heartbeat(of, id, {}, {}, {}, {now.mono + 10min, now.wall + 10min}).value());
  });
  advance(1h);
  EXPECT_EQ(get(service(0), "i0").reason, Reason::lease_expired);
  advance(1min - 1ms);
  EXPECT_THAT(registry.due(now, 10).instances, IsEmpty());
  advance(1ms);
  EXPECT_EQ(registry.due(now, 10).instances.size(), 1U);
}

TEST_F(SilentLeases, WithoutAGuardNothingIsKeptLongerThanAskedFor) {
  Registry bare({}, {.enabled = false});
  std::vector<Effect> effects = log;
  InstanceDef def = with_checks(instance("i"), {lease(30s)});
  def.deregister_after = 0s;
  bare.apply({bare.reserve_revision(), now.wall, effects}, now);
  bare.apply({bare.reserve_revision(), now.wall, {PutServiceEffect{name("a.corp"), {}, false}}}, now);
  bare.apply({bare.reserve_revision(), now.wall, {PutInstanceEffect{"a.corp", def}}}, now);
  now.mono += 30s;
  (void)bare.advance(now);
  EXPECT_EQ(bare.due(now, 10).instances.size(), 1U);
}

TEST_F(SilentLeases, WhatHasJustHealedIsNotBelievedToBeDead) {
  put_leases(30s, 10min);
  advance(30s);
  ASSERT_TRUE(registry.guard_holding());
  advance(10min - 3s);
  each([&](const std::string& of, const std::string& id, int) {
    if (id != "i0") keep(registry.heartbeat(of, id, {}, {}, {}, now).value());
  });
  went_down = 0;
  advance(3s);
  EXPECT_FALSE(registry.guard_holding());
  EXPECT_THAT(told, ElementsAre("leases holding", "leases off"));
  EXPECT_EQ(went_down, 0);
  EXPECT_EQ(get(service(0), "i0").lease_deadline, now.mono + 30s) << "one full term";
}

TEST_F(SilentLeases, ARegistrationOfAHeldOneForgetsTheSilence) {
  put_leases(30s, 10min);
  advance(30s);
  ASSERT_EQ(get(service(0), "i0").status[0].output, "no heartbeat for 30s");
  InstanceDef def = *get(service(0), "i0").def;
  def.weight = 20;
  put_instance(service(0), def);
  EXPECT_EQ(get(service(0), "i0").reason, Reason::ok);
  EXPECT_EQ(get(service(0), "i0").status[0].output, "");
}

TEST_F(SilentLeases, ARestartForgetsTheSilenceOfAHeldOne) {
  put_leases(30s, 10min);
  advance(30s);
  std::vector<Effect> effects = log;
  for (Effect& effect : registry.observed(changes)) effects.push_back(std::move(effect));
  Registry restored;
  restored.restore(std::move(effects), registry.revision(), now);
  const Instance* const found = restored.find_instance(service(0), "i0");
  ASSERT_NE(found, nullptr);
  EXPECT_TRUE(found->available);
  EXPECT_EQ(found->status[0].output, "");
}

// One check is probed twice an hour: the hold is over long before its next verdict.
class SeldomProbed : public Fleet {
 protected:
  SeldomProbed() {
    put_fleet(10, 4, tcp_check());
    CheckDef seldom = tcp_check("seldom");
    seldom.interval = 30min;
    seldom.fall = 1;
    put_instance("rare.corp", with_checks(instance("r", "10.0.9.1"), {seldom}));
    report(Verdict::ok);
    round(false);
    round(true);
    report(Verdict::failed);
    EXPECT_TRUE(registry.guard_holding());
    until = registry.guards()[0].until;
    for (int i = 0; i < 4; ++i) round(false);
    EXPECT_FALSE(registry.guard_holding());
    EXPECT_EQ(registry.held_instances(), 1U);
    EXPECT_EQ(get("rare.corp", "r").reason, Reason::guard_held);
  }
  void report(Verdict verdict) {
    keep(registry.observe_probe("rare.corp", "r", "seldom", {verdict, Fault::timeout, "timed out", {}}, now));
  }
  Mono until;
};

TEST_F(SeldomProbed, IsNotHeldLongerThanTheHoldMayLast) {
  EXPECT_EQ(registry.next_deadline(), until);
  EXPECT_LE(get("rare.corp", "r").horizon, until);
  advance(std::chrono::floor<Millis>(until - now.mono) - 1ms);
  EXPECT_TRUE(get("rare.corp", "r").available);
  advance(1ms);
  EXPECT_EQ(registry.held_instances(), 0U);
  EXPECT_EQ(get("rare.corp", "r").reason, Reason::check_failing);
  EXPECT_EQ(registry.next_deadline(), Mono::max());
}

TEST_F(SeldomProbed, IsLetGoByTheCommandAlsoWhenTheHoldIsOver) {
  keep(registry.lift_guard(now));
  EXPECT_EQ(registry.held_instances(), 0U);
  EXPECT_FALSE(get("rare.corp", "r").available);
  EXPECT_EQ(changes.changes.size(), 1U) << "the guard itself did not change";
  EXPECT_EQ(registry.next_deadline(), Mono::max());
}

TEST_F(SeldomProbed, ItsNextVerdictEndsIt) {
  report(Verdict::ok);
  EXPECT_EQ(registry.held_instances(), 0U);
  EXPECT_EQ(get("rare.corp", "r").reason, Reason::ok);
  EXPECT_EQ(registry.next_deadline(), Mono::max());
}

TEST_F(Fleet, WhatIsProbedSlowlyDoesNotSpeakForWhatIsProbedOften) {
  put_fleet(12, 4, tcp_check());
  const auto idle = [](const std::string& of) { return (of[1] - '0') % 2 == 1; };  // s1, s3, ..., s10 and s11 too
  int often = 0;
  each([&](const std::string& of, const std::string& id, int) {
    often += !idle(of);
    keep(registry.observe_probe(of, id, "tcp", {Verdict::ok, {}, {}, {}, idle(of) ? 50s : 5s}, now));
  });
  ASSERT_LT(often, 60) << "else the sum of all would do";
  each([&](const std::string& of, const std::string& id, int) {
    const ProbeResult lost{Verdict::failed, Fault::timeout, "timed out", {}, 5s};
    if (!idle(of)) keep(registry.observe_probe(of, id, "tcp", lost, now));
  });
  EXPECT_THAT(told, ElementsAre("probes holding"));
  each([&](const std::string& of, const std::string& id, int) {  // they are asked for again
    if (idle(of)) keep(registry.observe_probe(of, id, "tcp", {Verdict::ok, {}, {}, {}, 5s}, now));
  });
  advance(10s);
  EXPECT_THAT(told, ElementsAre("probes holding", "probes off"));
}

}  // namespace
}  // namespace registry
