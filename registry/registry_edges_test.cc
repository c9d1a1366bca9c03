// Horizons, overrides and clocks where they meet.
#include <gmock/gmock.h>

#include "registry/registry_fixture.h"

namespace registry {
namespace {

using testing::Contains;

class Edges : public Fixture {
 protected:
  static OverrideDef down(std::string rule) {
    OverrideDef def;
    def.name = std::move(rule);
    return def;
  }
  Mono horizon() { return registry.find_service("web.corp")->horizon; }
};

TEST_F(Edges, AnInstanceThatIsOutByItsLeaseEndsNoAnswerOfTheOthers) {
  ASSERT_TRUE(put_instance("web.corp", with_checks(instance("gone"), {lease(30s)})));
  ASSERT_TRUE(put_instance("web.corp", instance("stays", "10.0.0.2")));
  EXPECT_EQ(horizon(), now.mono + 30s);
  pass(30s);
  EXPECT_EQ(horizon(), Mono::max());
}

TEST_F(Edges, UnlessThoseThatAreOutMayBeAnswered) {
  ServicePolicy policy;
  policy.on_empty = OnEmpty::fail_open;
  ASSERT_TRUE(put_service("web.corp", policy));
  ASSERT_TRUE(put_instance("web.corp", with_checks(instance("gone"), {lease(30s)})));
  pass(30s);
  EXPECT_EQ(horizon(), now.mono + 10min) << "deregister_after";
}

TEST_F(Edges, AnotherPolicyCountsForTheNextResultAtOnce) {
  CheckDef http = tcp_check("http");
  http.kind = CheckKind::http;
  ASSERT_TRUE(put_instance("web.corp", with_checks(instance("i1"), {http})));
  probe("web.corp", "i1", Verdict::ok, "http");
  EXPECT_EQ(horizon(), now.mono + 15s);
  ServicePolicy policy;
  policy.only_passing = true;
  pass(1s);
  ASSERT_TRUE(put_service("web.corp", policy));
  EXPECT_EQ(horizon(), now.mono + 4s) << "a warning would take it out";
  policy.only_passing = false;
  ASSERT_TRUE(put_service("web.corp", policy));
  EXPECT_EQ(horizon(), now.mono + 14s);
}

class HostEdges : public Edges {
 protected:
  HostEdges() {
    InstanceDef def = instance("i1");
    def.addresses = {};
    def.host = "box.example.net";
    EXPECT_TRUE(put_instance("web.corp", def));
  }
  void resolve(std::string_view address) {
    changes = registry.observe_host("web.corp", "i1", {parse_ipv4(address), {}}, now.mono + 60s, now);
  }
};

// As after a restart, when the check states are known again and the host's addresses are not.
TEST_F(HostEdges, WhatMayLieInTheRackThatIsDownIsNotAnsweredBeforeItIsResolved) {
  OverrideDef rack = down("rack");
  rack.address = parse_prefix("10.9.0.0/16");
  ASSERT_TRUE(put(PutOverride{rack}));
  EXPECT_EQ(get("web.corp", "i1").reason, Reason::override_down);
  resolve("10.1.0.1");
  EXPECT_TRUE(get("web.corp", "i1").available);
  resolve("10.9.0.1");
  EXPECT_EQ(get("web.corp", "i1").reason, Reason::override_down);
}

TEST_F(HostEdges, AnotherServicesRackOrOneThatIsUpSaysNothingOfIt) {
  OverrideDef rack = down("rack");
  rack.address = parse_prefix("10.9.0.0/16");
  rack.service = "db.corp";
  ASSERT_TRUE(put(PutOverride{rack}));
  EXPECT_TRUE(get("web.corp", "i1").available);
  rack.service = "*";
  rack.up = true;
  ASSERT_TRUE(put(PutOverride{rack}));
  EXPECT_EQ(get("web.corp", "i1").reason, Reason::ok);
}

class OverrideClock : public Edges {
 protected:
  OverrideClock() {
    EXPECT_TRUE(put_instance("web.corp", instance("i1")));
    (void)registry.follow_wall_clock(now);
    rule.expires = now.wall + 1h;
    EXPECT_TRUE(put(PutOverride{rule}));
    EXPECT_EQ(registry.next_deadline(), now.mono + 1h);
  }
  OverrideDef rule = down("o");
};

TEST_F(OverrideClock, AnEndCountsDownWhateverTheClockDoes) {
  for (const auto jump : {std::chrono::hours(59), std::chrono::hours(-24 * 3650)}) {
    now.wall += jump;
    EXPECT_EQ(registry.follow_wall_clock(now).revision, 0U);
    EXPECT_EQ(registry.next_deadline(), now.mono + 1h);
  }
}

TEST_F(OverrideClock, AnEndOfBeforeTheRestartIsATimeOfDay) {
  Registry again;
  EXPECT_THAT(again.restore(log, 1000, now), testing::IsEmpty());
  (void)again.follow_wall_clock(now);
  now.wall += 59min;
  const ChangeSet told = again.follow_wall_clock(now);
  EXPECT_EQ(again.next_deadline(), now.mono + 1min);
  EXPECT_THAT(told.horizons, Contains("web.corp"));
  now.wall -= 2h;
  (void)again.follow_wall_clock(now);
  EXPECT_EQ(again.next_deadline(), now.mono + 2h + 1min);
}

TEST_F(OverrideClock, ManySmallStepsAreOneJump) {
  Registry again;
  EXPECT_THAT(again.restore(log, 1000, now), testing::IsEmpty());
  (void)again.follow_wall_clock(now);
  for (int i = 0; i < 10; ++i) {
    now.wall += 300ms;
    EXPECT_EQ(again.follow_wall_clock(now).revision, 0U);
  }
  EXPECT_LE(again.next_deadline(), now.mono + 1h - 2s);
}

TEST_F(OverrideClock, AnEarlierEndOfTheSameOverrideIsAnnounced) {
  rule.expires = now.wall + 10s;
  ASSERT_TRUE(put(PutOverride{rule}));
  EXPECT_EQ(horizon(), now.mono + 10s);
}

}  // namespace
}  // namespace registry
