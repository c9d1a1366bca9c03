#include <gmock/gmock.h>

#include "registry/registry_fixture.h"

namespace registry {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class LeaseTest : public Fixture {
 protected:
  LeaseTest() { put_instance("web.corp", def()); }
  static InstanceDef def() {
    InstanceDef out = with_checks(instance("i1"), {lease(10s)});
    out.deregister_after = 60s;
    return out;
  }
};

TEST_F(LeaseTest, TheRegistrationIsTheFirstHeartbeat) {
  EXPECT_TRUE(get("web.corp", "i1").available);
  EXPECT_EQ(get("web.corp", "i1").lease_deadline, now.mono + 10s);
  EXPECT_EQ(get("web.corp", "i1").horizon, now.mono + 10s);
  EXPECT_EQ(registry.next_deadline(), now.mono + 10s);
}

TEST_F(LeaseTest, ItsEndTakesTheInstanceOut) {  // case 85
  pass(9999ms);
  EXPECT_TRUE(changes.empty());
  pass(1ms);
  EXPECT_EQ(get("web.corp", "i1").reason, Reason::lease_expired);
  EXPECT_EQ(get("web.corp", "i1").state, CheckState::critical);
  EXPECT_THAT(changes.changes, ElementsAre(Change{ChangeKind::instance, ChangeOp::state, "web.corp", "i1", false,
                                                  "lease.expired", "no heartbeat for 10s"}));
  EXPECT_THAT(changes.touched_namespaces, ElementsAre("corp"));
}

TEST_F(LeaseTest, HeartbeatsKeepItWithoutARevision) {
  const Revision before = registry.revision();
  for (int i = 0; i < 20; ++i) {
    pass(6s);
    EXPECT_FALSE(beat("web.corp", "i1"));
    EXPECT_EQ(changes.revision, 0U);
  }
  EXPECT_EQ(registry.revision(), before);
  EXPECT_TRUE(get("web.corp", "i1").available);
  EXPECT_GT(registry.next_deadline(), now.mono);
}

TEST_F(LeaseTest, AnInstanceWithoutAnAddressIsHealthyButNeverAnswered) {
  InstanceDef told = with_checks(instance("i2"), {lease(10s)});
  told.addresses = {};
  told.api_only = true;
  ASSERT_TRUE(put_instance("told.corp", told));
  EXPECT_FALSE(get("told.corp", "i2").available);
  EXPECT_EQ(get("told.corp", "i2").reason, Reason::ok);
  EXPECT_EQ(get("told.corp", "i2").state, CheckState::passing);
  pass(10s);
  EXPECT_EQ(get("told.corp", "i2").reason, Reason::lease_expired);
}

TEST_F(LeaseTest, AHeartbeatWithinDeregisterAfterBringsItBack) {
  pass(69s);
  EXPECT_FALSE(get("web.corp", "i1").available);
  EXPECT_FALSE(beat("web.corp", "i1"));
  EXPECT_TRUE(get("web.corp", "i1").available);
  EXPECT_NE(changes.revision, 0U);
  EXPECT_THAT(registry.due(now, 10).instances, IsEmpty());
}

TEST_F(LeaseTest, AfterDeregisterAfterItIsGoneAndDue) {  // case 86
  pass(10s);
  EXPECT_EQ(registry.next_deadline(), now.mono + 60s);
  pass(60s);
  EXPECT_EQ(beat("web.corp", "i1"), ProblemKind::unknown_instance);
  EXPECT_THAT(registry.due(now, 10).instances, ElementsAre(Registry::InstanceRef{"web.corp", "i1"}));
  EXPECT_GT(registry.next_deadline(), now.mono) << "what is due does not make the clock spin";
  EXPECT_EQ(*put(DeleteInstance{name("web.corp"), "i1", {}, true}), Outcome::removed);
  EXPECT_EQ(registry.instance_count(), 0U);
}

TEST_F(LeaseTest, ADueDeletionSparesWhatCameBack) {
  pass(10s);
  pass(60s);
  ASSERT_THAT(registry.due(now, 10).instances, SizeIs(1));
  EXPECT_EQ(*put_instance("web.corp", def()), Outcome::replaced) << "an equal PUT of an ended lease is committed";
  EXPECT_TRUE(get("web.corp", "i1").available);
  EXPECT_EQ(*put(DeleteInstance{name("web.corp"), "i1", {}, true}), Outcome::unchanged);
  EXPECT_TRUE(get("web.corp", "i1").available);
}

TEST_F(LeaseTest, AnEqualPutRenewsIt) {
  pass(8s);
  EXPECT_EQ(*put_instance("web.corp", def()), Outcome::unchanged);
  changes = registry.renew_lease("web.corp", "i1", now);
  EXPECT_EQ(changes.revision, 0U);
  pass(8s);
  EXPECT_TRUE(get("web.corp", "i1").available);
  EXPECT_EQ(get("web.corp", "i1").lease_deadline, now.mono + 2s);
}

TEST_F(LeaseTest, AnotherTemplateIsNoHeartbeat) {
  put_instance("web.corp", with_checks(instance("dead"), {lease(10s)}));
  pass(5s);
  put_instance("web.corp", with_checks(instance("alive", "10.0.0.2"), {lease(10s)}));
  pass(5s);
  const Mono forget_at = get("web.corp", "dead").forget_at.value();
  const Mono deadline = get("web.corp", "alive").lease_deadline.value();
  pass(1s);
  ServicePolicy policy;
  policy.checks = {tcp_check()};
  put_service("web.corp", policy);
  put_service("web.corp");
  EXPECT_EQ(get("web.corp", "dead").forget_at, forget_at) << "the dead stay dead";
  EXPECT_FALSE(get("web.corp", "dead").available);
  EXPECT_EQ(get("web.corp", "alive").lease_deadline, deadline) << "nobody said that it lives";
}

TEST_F(LeaseTest, ATemplatesHeartbeatStartsEndsAndChangesItsLength) {
  put_instance("web.corp", instance("i1"));
  ServicePolicy policy;
  policy.checks = {lease(10s)};
  put_service("web.corp", policy);
  EXPECT_TRUE(get("web.corp", "i1").available);
  EXPECT_EQ(get("web.corp", "i1").lease_deadline, now.mono + 10s);
  policy.checks = {lease(60s)};
  put_service("web.corp", policy);
  EXPECT_EQ(get("web.corp", "i1").lease_deadline, now.mono + 60s);
  put_service("web.corp");
  EXPECT_FALSE(get("web.corp", "i1").lease_deadline);
  EXPECT_EQ(registry.next_deadline(), Mono::max());
}

TEST_F(LeaseTest, ARenewalAloneDoesNotBringItBack) {
  put_instance("web.corp", with_checks(instance("i1"), {lease(10s)}));
  pass(10s);
  EXPECT_TRUE(registry.renew_lease("web.corp", "i1", now).empty());
  EXPECT_EQ(get("web.corp", "i1").reason, Reason::lease_expired);
  EXPECT_TRUE(get("web.corp", "i1").forget_at);
}

TEST_F(LeaseTest, AReportedStateCountsAtOnce) {
  EXPECT_FALSE(beat("web.corp", "i1", CheckState::critical));
  EXPECT_EQ(get("web.corp", "i1").reason, Reason::check_failing);
  EXPECT_EQ(get("web.corp", "i1").status[0].fault, Fault::reported);
  registry.renew_lease("web.corp", "i1", now);
  EXPECT_FALSE(get("web.corp", "i1").available) << "renewing keeps what was reported";
  EXPECT_FALSE(beat("web.corp", "i1", CheckState::warning));
  EXPECT_EQ(get("web.corp", "i1").state, CheckState::warning);
  EXPECT_FALSE(beat("web.corp", "i1"));
  EXPECT_EQ(get("web.corp", "i1").state, CheckState::passing);
}

TEST_F(LeaseTest, OnlyAHeartbeatCheckHasHeartbeats) {
  put_instance("web.corp", with_checks(instance("i2", "10.0.0.2"), {tcp_check()}));
  EXPECT_EQ(beat("web.corp", "i2"), ProblemKind::no_lease);
  EXPECT_EQ(beat("web.corp", "i3"), ProblemKind::unknown_instance);
  EXPECT_EQ(beat("db.corp", "i1"), ProblemKind::unknown_service);
  EXPECT_EQ(registry.heartbeat("web.corp", "i1", "tcp", {}, {}, now).error().kind, ProblemKind::no_lease);
  EXPECT_TRUE(registry.heartbeat("web.corp", "i1", "lease", {}, {}, now));
}

TEST_F(LeaseTest, AShorterLeaseEndsEarlier) {
  InstanceDef shorter = def();
  shorter.checks[0].lease = 2s;
  put_instance("web.corp", shorter);
  EXPECT_EQ(registry.next_deadline(), now.mono + 2s);
  pass(2s);
  EXPECT_FALSE(get("web.corp", "i1").available);
}

TEST_F(LeaseTest, AllThatEndTogetherEndInOneChange) {
  for (int i = 2; i < 50; ++i) put_instance("web.corp", with_checks(instance("i" + std::to_string(i)), {lease(10s)}));
  const Revision before = registry.revision();
  pass(10s);
  EXPECT_EQ(changes.revision, before + 1);
  EXPECT_THAT(changes.changes, SizeIs(49));
  EXPECT_THAT(changes.touched_services, ElementsAre("web.corp"));
}

TEST_F(LeaseTest, APauseGivesEveryLeaseOneFullTerm) {
  now.mono += 1h;
  registry.renew_all_leases(now);
  changes = registry.advance(now);
  EXPECT_TRUE(changes.changes.empty());
  EXPECT_EQ(get("web.corp", "i1").lease_deadline, now.mono + 10s);
}

TEST_F(LeaseTest, AStepOfTheWallClockExpiresNothing) {
  now.wall += 24h;
  EXPECT_TRUE(registry.advance(now).empty());
}

class EmptyServiceTest : public Fixture {};

TEST_F(EmptyServiceTest, GoesAnHourAfterItsLastInstanceUnlessPutByItself) {
  put_instance("web.corp", instance("i1"));
  put_service("db.corp");
  put(DeleteInstance{name("web.corp"), "i1"});
  pass(59min);
  EXPECT_THAT(registry.due(now, 10).services, IsEmpty());
  EXPECT_EQ(registry.next_deadline(), now.mono + 1min);
  pass(1min);
  EXPECT_THAT(registry.due(now, 10).services, ElementsAre("web.corp"));
  EXPECT_EQ(*put_service("web.corp"), Outcome::replaced);
  EXPECT_THAT(registry.due(now, 10).services, IsEmpty());
  EXPECT_EQ(*put(DeleteService{name("web.corp"), false, {}, true}), Outcome::unchanged);
}

class OverrideTest : public Fixture {
 protected:
  OverrideTest() {
    InstanceDef def = instance("i1");
    def.node = "Rack7";
    put_instance("web1.corp", def);
    put_instance("web2.corp", instance("i1", "10.0.1.1"));
    put_instance("db.corp", instance("i1", "10.1.0.1"));
  }
  static OverrideDef rule(std::string rule_name, std::string service, bool up = false) {
    OverrideDef def;
    def.name = std::move(rule_name);
    def.service = std::move(service);
    def.up = up;
    return def;
  }
  bool available(const char* service) { return get(service, "i1").available; }
};

TEST_F(OverrideTest, ExcludesWhatItMatchesAndNothingElse) {  // cases 76, 77
  put(PutOverride{rule("r", "Web*.corp")});
  EXPECT_THAT(changes.touched_services, ElementsAre("web1.corp", "web2.corp"));
  EXPECT_FALSE(available("web1.corp"));
  EXPECT_EQ(get("web1.corp", "i1").reason, Reason::override_down);
  EXPECT_TRUE(available("db.corp"));
  put(DeleteOverride{"r"});
  EXPECT_TRUE(available("web1.corp"));
  OverrideDef node = rule("n", "*");
  node.node = "RACK7";
  put(PutOverride{node});
  EXPECT_THAT(changes.touched_services, ElementsAre("web1.corp"));
}

TEST_F(OverrideTest, MatchesByAddress) {
  OverrideDef def = rule("r", "*");
  def.address = parse_prefix("10.0.0.0/16");
  put(PutOverride{def});
  EXPECT_FALSE(available("web1.corp"));
  EXPECT_FALSE(available("web2.corp"));
  EXPECT_TRUE(available("db.corp"));
}

TEST_F(OverrideTest, ReachesInstancesThatComeLater) {
  put(PutOverride{rule("r", "new.corp")});
  put_instance("new.corp", instance("i1"));
  EXPECT_FALSE(available("new.corp"));
}

TEST_F(OverrideTest, UpForcesWhatIsDown) {
  put_instance("web1.corp", with_checks(instance("i1"), {tcp_check()}));
  put(PutOverride{rule("r", "web1.corp", true)});
  EXPECT_TRUE(available("web1.corp"));
  EXPECT_EQ(get("web1.corp", "i1").reason, Reason::override_up);
  EXPECT_EQ(get("web1.corp", "i1").state, CheckState::unknown) << "the true state is never rewritten";
  put(DrainInstance{name("web1.corp"), "i1"});
  EXPECT_FALSE(available("web1.corp")) << "a drain was asked for this one instance";
}

TEST_F(OverrideTest, TheMoreSpecificDecidesThenTheNewer) {  // case 79
  put(PutOverride{rule("exact", "web1.corp", true)});
  put(PutOverride{rule("wide", "w*")});
  EXPECT_TRUE(available("web1.corp"));
  EXPECT_FALSE(available("web2.corp"));
  put(PutOverride{rule("longer", "web*", true)});
  EXPECT_TRUE(available("web2.corp"));
  put(PutOverride{rule("newer", "web*")});
  EXPECT_FALSE(available("web2.corp"));
}

TEST_F(OverrideTest, Expires) {  // case 78
  OverrideDef def = rule("r", "web1.corp");
  def.expires = now.wall + 60s;
  put(PutOverride{def});
  EXPECT_EQ(get("web1.corp", "i1").horizon, now.mono + 60s);
  EXPECT_EQ(registry.next_deadline(), now.mono + 60s);
  pass(60s);
  EXPECT_TRUE(available("web1.corp"));
  EXPECT_THAT(changes.touched_services, ElementsAre("web1.corp"));
  EXPECT_THAT(registry.due(now, 10).overrides, ElementsAre("r"));
  EXPECT_EQ(refused(PutOverride{def}), ProblemKind::invalid_registration);
  def.expires = std::chrono::sys_days{std::chrono::year{2199} / 12 / 31};
  put(PutOverride{def});
  EXPECT_FALSE(available("web1.corp")) << "its end fits the clock";
}

}  // namespace
}  // namespace registry
