#include "registry/registry.h"

#include <gmock/gmock.h>

#include "registry/core.h"
#include "registry/registry_fixture.h"

namespace registry {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class RegistryTest : public Fixture {};

TEST_F(RegistryTest, AnInstanceWithoutChecksIsAvailableAtOnce) {
  EXPECT_EQ(*put_instance("Worker.corp", instance("w1")), Outcome::created);
  const Instance& w1 = get("worker.corp", "w1");
  EXPECT_TRUE(w1.available);
  EXPECT_EQ(w1.reason, Reason::ok);
  EXPECT_TRUE(w1.ever_passed);
  EXPECT_EQ(w1.horizon, Mono::max());
  const Service& worker = *registry.find_service("worker.corp");
  EXPECT_EQ(worker.name.text(), "Worker.corp");
  EXPECT_EQ(worker.available, 1U);
  EXPECT_FALSE(worker.declared);
  EXPECT_THAT(changes.touched_services, ElementsAre("worker.corp"));
  EXPECT_THAT(changes.touched_namespaces, ElementsAre("corp"));
  ASSERT_EQ(changes.changes.size(), 2U);
  EXPECT_EQ(changes.changes[0].kind, ChangeKind::service);
  EXPECT_EQ(changes.changes[1], (Change{ChangeKind::instance, ChangeOp::put, "worker.corp", "w1", true, "ok"}));
}

TEST_F(RegistryTest, AChecksFirstResultDecides) {
  put_instance("web.corp", with_checks(instance("i1"), {tcp_check()}));
  EXPECT_FALSE(get("web.corp", "i1").available);
  EXPECT_EQ(get("web.corp", "i1").state, CheckState::unknown);
  EXPECT_EQ(get("web.corp", "i1").reason, Reason::check_first_result_pending);
  probe("web.corp", "i1", Verdict::unknown);
  EXPECT_TRUE(changes.empty());
  probe("web.corp", "i1", Verdict::ok);
  EXPECT_TRUE(get("web.corp", "i1").available);
  EXPECT_THAT(changes.changes, ElementsAre(Change{ChangeKind::instance, ChangeOp::state, "web.corp", "i1", true, "ok",
                                                  "check tcp passes"}));
}

TEST_F(RegistryTest, ThreeFailuresTakeItOutAndTheHorizonSaysWhen) {
  put_instance("web.corp", with_checks(instance("i1"), {tcp_check()}));
  probe("web.corp", "i1", Verdict::ok);
  EXPECT_EQ(get("web.corp", "i1").horizon, now.mono + 15s);
  const Revision before = registry.revision();
  pass(5s);
  probe("web.corp", "i1", Verdict::failed);
  EXPECT_EQ(get("web.corp", "i1").horizon, now.mono + 10s);  // case 93
  pass(5s);
  probe("web.corp", "i1", Verdict::failed);
  EXPECT_EQ(registry.revision(), before);
  EXPECT_EQ(changes.revision, 0U);
  EXPECT_THAT(changes.touched_services, IsEmpty());
  probe("web.corp", "i1", Verdict::failed);
  EXPECT_EQ(registry.revision(), before + 1);
  EXPECT_FALSE(get("web.corp", "i1").available);
  EXPECT_EQ(get("web.corp", "i1").reason, Reason::check_failing);
  EXPECT_EQ(get("web.corp", "i1").horizon, now.mono + 10s);  // rise 2
  EXPECT_TRUE(get("web.corp", "i1").ever_passed);
  EXPECT_EQ(registry.find_service("web.corp")->available, 0U);
}

TEST_F(RegistryTest, AnEarlierHorizonIsAnnouncedWithoutARevision) {
  put_instance("web.corp", with_checks(instance("i1"), {tcp_check()}));
  put_instance("web.corp", with_checks(instance("i2"), {tcp_check()}));
  probe("web.corp", "i1", Verdict::ok);
  probe("web.corp", "i2", Verdict::ok);
  EXPECT_EQ(registry.find_service("web.corp")->horizon, now.mono + 15s);
  probe("web.corp", "i2", Verdict::failed);
  EXPECT_THAT(changes.horizons, ElementsAre("web.corp"));
  EXPECT_EQ(changes.revision, 0U);
  EXPECT_EQ(registry.find_service("web.corp")->horizon, now.mono + 10s);
}

TEST_F(RegistryTest, TheAnnouncedHorizonRisesAgainBeforeItShortensATtl) {
  put_instance("web.corp", with_checks(instance("i1"), {tcp_check()}));
  probe("web.corp", "i1", Verdict::ok);
  for (int i = 0; i < 100; ++i) {
    pass(5s);
    probe("web.corp", "i1", Verdict::ok);
    EXPECT_GE(registry.find_service("web.corp")->horizon, now.mono + 5s) << "round " << i;
    EXPECT_LE(registry.find_service("web.corp")->horizon, get("web.corp", "i1").horizon);
  }
}

TEST_F(RegistryTest, WarningIsAnsweredUnlessOnlyPassing) {
  put_instance("web.corp", with_checks(instance("i1"), {tcp_check()}));
  probe("web.corp", "i1", Verdict::warn);
  EXPECT_TRUE(get("web.corp", "i1").available);
  EXPECT_EQ(get("web.corp", "i1").state, CheckState::warning);
  ServicePolicy policy;
  policy.only_passing = true;
  put_service("web.corp", policy);
  EXPECT_FALSE(get("web.corp", "i1").available);
  EXPECT_EQ(get("web.corp", "i1").reason, Reason::check_failing);
}

TEST_F(RegistryTest, AWarningChangesTheWeight) {
  ServicePolicy policy;
  policy.warning_factor = 0.25;
  put_service("web.corp", policy);
  InstanceDef given = with_checks(instance("i2"), {tcp_check()});
  given.weight_warning = 1;
  put_instance("web.corp", with_checks(instance("i1"), {tcp_check()}));
  put_instance("web.corp", given);
  for (const char* id : {"i1", "i2"}) probe("web.corp", id, Verdict::warn);
  EXPECT_EQ(get("web.corp", "i1").effective_weight, 3);  // 10 x 0.25, rounded
  EXPECT_EQ(get("web.corp", "i2").effective_weight, 1);
  probe("web.corp", "i1", Verdict::ok);
  EXPECT_EQ(get("web.corp", "i1").effective_weight, 10);
}

TEST_F(RegistryTest, FamiliesAreJudgedApartWhereAChecksNamesOne) {
  InstanceDef def = instance("i1");
  def.addresses.v6 = parse_ipv6("2001:db8::1");
  CheckDef v4 = tcp_check("v4"), v6 = tcp_check("v6");
  v4.family = Family::ipv4;
  v6.family = Family::ipv6;
  put_instance("web.corp", with_checks(def, {v4, v6}));
  probe("web.corp", "i1", Verdict::failed, "v4");
  probe("web.corp", "i1", Verdict::ok, "v6");
  EXPECT_TRUE(get("web.corp", "i1").available);
  EXPECT_FALSE(get("web.corp", "i1").available_v4);
  EXPECT_TRUE(get("web.corp", "i1").available_v6);
}

TEST_F(RegistryTest, TheTemplateAppliesToInstancesWithoutProbesOfTheirOwn) {
  put_instance("web.corp", with_checks(instance("leased"), {lease(30s)}));
  put_instance("web.corp", with_checks(instance("own", "10.0.0.2"), {tcp_check("mine")}));
  put_instance("web.corp", instance("bare", "10.0.0.3"));
  ServicePolicy policy;
  policy.checks = {tcp_check("template")};
  put_service("web.corp", policy);
  ASSERT_EQ(get("web.corp", "leased").checks->size(), 2U);
  EXPECT_EQ((*get("web.corp", "leased").checks)[0].name, "template");
  EXPECT_EQ(get("web.corp", "leased").status[1].state, CheckState::passing);
  EXPECT_EQ(get("web.corp", "own").checks->at(0).name, "mine");
  EXPECT_EQ(get("web.corp", "bare").checks->at(0).name, "template");
  EXPECT_FALSE(get("web.corp", "bare").available);
  probe("web.corp", "bare", Verdict::ok, "template");
  EXPECT_TRUE(get("web.corp", "bare").available);
  put_service("web.corp", {});
  EXPECT_TRUE(get("web.corp", "leased").checks->size() == 1 && get("web.corp", "leased").available);
}

TEST_F(RegistryTest, CheckStateSurvivesAPutThatKeepsDefinitionAndTarget) {
  put_instance("web.corp", with_checks(instance("i1"), {tcp_check()}));
  probe("web.corp", "i1", Verdict::ok);
  InstanceDef changed = with_checks(instance("i1"), {tcp_check()});
  changed.weight = 50;
  put_instance("web.corp", changed);
  EXPECT_TRUE(get("web.corp", "i1").available);
  changed.addresses.v4 = parse_ipv4("10.0.0.9");
  put_instance("web.corp", changed);
  EXPECT_FALSE(get("web.corp", "i1").available);
  EXPECT_FALSE(get("web.corp", "i1").ever_passed);
  probe("web.corp", "i1", Verdict::ok);
  changed.checks[0].rise = 1;
  put_instance("web.corp", changed);
  EXPECT_EQ(get("web.corp", "i1").state, CheckState::unknown);
}

TEST_F(RegistryTest, DrainTakesItOutAndUndrainBringsItBack) {
  put_instance("web.corp", instance("i1"));
  const Revision etag = get("web.corp", "i1").revision;
  EXPECT_EQ(*put(DrainInstance{name("web.corp"), "i1"}), Outcome::replaced);
  EXPECT_EQ(get("web.corp", "i1").reason, Reason::draining);
  EXPECT_THAT(changes.touched_namespaces, ElementsAre("corp"));
  EXPECT_EQ(*put(DrainInstance{name("web.corp"), "i1"}), Outcome::unchanged);
  put(SetSafeAfter{"web.corp", "i1", now.wall + 7s});
  EXPECT_EQ(get("web.corp", "i1").safe_after, now.wall + 7s);
  EXPECT_THAT(changes.touched_namespaces, IsEmpty());
  EXPECT_EQ(get("web.corp", "i1").revision, etag);
  put(UndrainInstance{name("web.corp"), "i1"});
  EXPECT_TRUE(get("web.corp", "i1").available);
  EXPECT_FALSE(get("web.corp", "i1").safe_after);
}

TEST_F(RegistryTest, AHostsAddressesComeFromItsResolution) {
  InstanceDef def = instance("i1");
  def.addresses = {};
  def.host = "h.example.net";
  put_instance("web.corp", def);
  EXPECT_TRUE(get("web.corp", "i1").available);
  EXPECT_TRUE(get("web.corp", "i1").addresses().empty());
  changes = registry.observe_host("web.corp", "i1", {parse_ipv4("192.0.2.9"), {}}, now.mono + 60s, now);
  EXPECT_EQ(get("web.corp", "i1").addresses().v4, parse_ipv4("192.0.2.9"));
  EXPECT_THAT(changes.touched_services, ElementsAre("web.corp"));
  EXPECT_EQ(get("web.corp", "i1").horizon, now.mono + 60s);
  changes = registry.observe_host("web.corp", "i1", {parse_ipv4("192.0.2.9"), {}}, now.mono + 90s, now);
  EXPECT_EQ(changes.revision, 0U);
}

TEST_F(RegistryTest, NodesAreIndexedFolded) {
  InstanceDef def = instance("i1");
  def.node = "Rack7";
  put_instance("web.corp", def);
  put_instance("db.corp", def);
  ASSERT_TRUE(registry.nodes().contains("rack7"));
  EXPECT_EQ(registry.nodes().at("rack7").size(), 2U);
  def.node = "rack8";
  put_instance("web.corp", def);
  put(DeleteInstance{name("db.corp"), "i1"});
  EXPECT_FALSE(registry.nodes().contains("rack7"));
  EXPECT_TRUE(registry.nodes().contains("rack8"));
  EXPECT_EQ(registry.instance_count(), 1U);
}

TEST_F(RegistryTest, TtlComesFromPolicyThenRulesThenNamespace) {  // cases 89, 90
  NamespaceDef corp;
  corp.name = name("corp");
  corp.ttl = 30s;
  corp.ttl_rules = {{"d*", 42s}, {"db*", 66s}, {"db", 10s}, {"*", 5s}};
  put(PutNamespace{corp});
  for (const char* service : {"db", "dblb", "dk", "api"}) put_service(std::string(service) + ".corp");
  EXPECT_EQ(registry.ttl_of(*registry.find_service("db.corp")), 10s);
  EXPECT_EQ(registry.ttl_of(*registry.find_service("dblb.corp")), 66s);
  EXPECT_EQ(registry.ttl_of(*registry.find_service("dk.corp")), 42s);
  EXPECT_EQ(registry.ttl_of(*registry.find_service("api.corp")), 5s);
  ServicePolicy policy;
  policy.ttl = 0s;
  put_service("db.corp", policy);
  EXPECT_EQ(registry.ttl_of(*registry.find_service("db.corp")), 0s);
  EXPECT_EQ(registry.min_ttl_of(*registry.find_service("db.corp")), 0s);
}

TEST_F(RegistryTest, ANamespacesDefaultsTouchItsServicesOnly) {
  put_service("web.corp");
  NamespaceDef other;
  other.name = name("other");
  put(PutNamespace{other});
  put_service("web.other");
  NamespaceDef corp;
  corp.name = name("corp");
  corp.ttl = 9s;
  put(PutNamespace{corp});
  EXPECT_THAT(changes.touched_services, ElementsAre("web.corp"));
  EXPECT_THAT(changes.touched_namespaces, ElementsAre("corp"));
  EXPECT_THAT(registry.services_of("other"), ElementsAre("web.other"));
}

TEST_F(RegistryTest, LongestApexHoldsAName) {
  NamespaceDef deep;
  deep.name = name("b.corp");
  deep.aliases = {name("alt")};
  put(PutNamespace{deep});
  EXPECT_EQ(registry.namespace_of(name("x.b.corp"))->def.name.text(), "b.corp");
  EXPECT_EQ(registry.namespace_of(name("x.corp"))->def.name.text(), "corp");
  EXPECT_EQ(registry.namespace_of(name("X.ALT"))->def.name.text(), "b.corp");
  EXPECT_EQ(registry.namespace_of(name("example.com")), nullptr);
}

TEST_F(RegistryTest, IndexesMoveWithStateAndOutliveWhatWasRemoved) {
  put_instance("web.corp", with_checks(instance("i1"), {tcp_check()}));
  const Revision etag = get("web.corp", "i1").revision;
  probe("web.corp", "i1", Verdict::ok);
  EXPECT_EQ(get("web.corp", "i1").revision, etag);
  EXPECT_EQ(get("web.corp", "i1").state_revision, registry.revision());
  EXPECT_EQ(registry.find_service("web.corp")->index, registry.revision());
  put(DeleteService{name("web.corp"), true, {}});
  EXPECT_EQ(registry.namespace_index("corp"), registry.revision());
  EXPECT_FALSE(registry.namespace_index("nope"));
}

TEST_F(RegistryTest, AnOvertakenCommitIsAnnouncedUnderANewerRevision) {
  put_instance("web.corp", with_checks(instance("i1"), {tcp_check()}));
  Transaction transaction(registry, now);
  ASSERT_TRUE(transaction.run(PutInstance{name("web.corp"), instance("i2", "10.0.0.2"), {}}));
  const Record record{registry.reserve_revision(), now.wall, transaction.take()};
  probe("web.corp", "i1", Verdict::ok);  // while the disk works
  EXPECT_EQ(changes.revision, record.revision + 1);
  changes = registry.apply(record, now);
  EXPECT_EQ(changes.revision, record.revision + 2);
  EXPECT_EQ(registry.revision(), record.revision + 2);
  EXPECT_EQ(get("web.corp", "i2").revision, record.revision + 2);
}

TEST_F(RegistryTest, SerialMovesWithTransferContentOnly) {
  const auto serial = [&] { return registry.find_namespace("corp")->serial; };
  put_instance("web.corp", with_checks(instance("i1"), {tcp_check(), lease(30s)}));
  std::uint32_t before = serial();
  const auto moved = [&] { return std::exchange(before, serial()) != serial(); };
  probe("web.corp", "i1", Verdict::ok);
  EXPECT_TRUE(moved());
  beat("web.corp", "i1");
  EXPECT_FALSE(moved());
  probe("web.corp", "i1", Verdict::failed);
  EXPECT_FALSE(moved());
  probe("web.corp", "i1", Verdict::warn);  // another state, the same answer
  EXPECT_FALSE(moved());
  EXPECT_NE(changes.revision, 0U);
  EXPECT_THAT(changes.touched_namespaces, IsEmpty());
  put_service("web.corp", {});
  EXPECT_TRUE(moved());
  put(DrainInstance{name("web.corp"), "i1"});
  EXPECT_TRUE(moved());
  OverrideDef unrelated;
  unrelated.name = "unrelated";
  unrelated.service = "db.corp";
  put(PutOverride{unrelated});
  EXPECT_FALSE(moved());
}

TEST(Serial, MovesForwardInTheSenseOfRfc1982) {
  EXPECT_EQ(next_serial(5, 100, 0), 100U);                        // in step with the revision
  EXPECT_EQ(next_serial(500, 100, 0), 501U);                      // never backwards
  EXPECT_EQ(next_serial(5, 100, 2'026'010'101), 2'026'010'102U);  // above the zone file's
  EXPECT_EQ(next_serial(0xFFFF'FFFF, 7, 0), 7U);                  // over the wrap, which 0 is not used for
  EXPECT_EQ(next_serial(0xFFFF'FFFF, 0, 0), 1U);
  EXPECT_EQ(next_serial(9, (Revision{1} << 32) + 20, 0), 20U);
}

}  // namespace
}  // namespace registry
