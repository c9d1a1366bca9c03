#include <gmock/gmock.h>

#include <algorithm>

#include "registry/registry_fixture.h"

namespace registry {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class RestoreTest : public Fixture {
 protected:
  // Observations reach the store too.
  void keep() {
    auto effects = registry.observed(changes);
    log.insert(log.end(), effects.begin(), effects.end());
  }
};

TEST_F(RestoreTest, BringsBackFactsStatesAndDrainsInAnyOrder) {
  put_instance("Web.corp", with_checks(instance("i1"), {tcp_check(), lease(30s)}));
  put_instance("web.corp", with_checks(instance("i2", "10.0.0.2"), {tcp_check()}));
  keep();
  probe("web.corp", "i1", Verdict::warn);
  keep();
  probe("web.corp", "i2", Verdict::failed);
  keep();
  put(DrainInstance{name("web.corp"), "i2"});
  keep();
  const std::uint32_t serial = registry.find_namespace("corp")->serial;
  std::reverse(log.begin(), log.end());
  // A store hands out the latest per key: of the reversed log, the first serial.
  bool seen = false;
  std::erase_if(log,
                [&](const Effect& e) { return std::holds_alternative<SerialEffect>(e) && std::exchange(seen, true); });

  Registry restored;
  now.mono += 1h;
  EXPECT_THAT(restored.restore(log, 5000, now), IsEmpty());
  EXPECT_EQ(restored.revision(), 5000U);
  const Instance& i1 = *restored.find_instance("web.corp", "i1");
  EXPECT_EQ(restored.find_service("web.corp")->name.text(), "Web.corp");
  EXPECT_EQ(i1.state, CheckState::warning);
  EXPECT_TRUE(i1.available);
  EXPECT_TRUE(i1.ever_passed);
  EXPECT_EQ(i1.lease_deadline, now.mono + 30s);
  EXPECT_EQ(i1.created, get("web.corp", "i1").created);
  const Instance& i2 = *restored.find_instance("web.corp", "i2");
  EXPECT_EQ(i2.status[0].state, CheckState::critical);
  EXPECT_EQ(i2.reason, Reason::draining);
  EXPECT_FALSE(i2.ever_passed);
  EXPECT_EQ(restored.find_namespace("corp")->serial, serial);
}

TEST_F(RestoreTest, AnEndedLeaseStaysEndedForOneMoreDeregisterAfter) {
  InstanceDef def = with_checks(instance("i1"), {lease(10s)});
  def.deregister_after = 60s;
  put_instance("web.corp", def);
  pass(10s);
  keep();
  Registry restored;
  restored.restore(log, 100, now);
  EXPECT_EQ(restored.find_instance("web.corp", "i1")->reason, Reason::lease_expired);
  EXPECT_EQ(restored.find_instance("web.corp", "i1")->forget_at, now.mono + 60s);
  EXPECT_TRUE(restored.heartbeat("web.corp", "i1", "", {}, "", now));
  EXPECT_TRUE(restored.find_instance("web.corp", "i1")->available);
}

TEST_F(RestoreTest, ALeaseThatCameBackByAPutIsNotRestoredAsEnded) {
  put_instance("web.corp", with_checks(instance("i1"), {lease(10s)}));
  pass(10s);
  keep();
  put_instance("web.corp", with_checks(instance("i1"), {lease(10s)}));
  keep();
  Registry restored;
  restored.restore(log, 100, now);
  EXPECT_TRUE(restored.find_instance("web.corp", "i1")->available);
}

TEST_F(RestoreTest, ResultsOfAnotherTargetTemplateOrRegistrationAreForgotten) {
  const auto restored = [&](std::string_view service) {
    Registry fresh;
    fresh.restore(log, 100, now);
    return fresh.find_instance(service, "i1")->status.at(0);
  };
  const auto forget = [&]<class Kind>(Kind) {  // the store keeps the latest of a key
    std::erase_if(log, [](const Effect& e) { return std::holds_alternative<Kind>(e); });
  };
  const auto replace = [&](InstanceDef def) {
    forget(PutInstanceEffect{});
    put_instance("web.corp", std::move(def));
    keep();
  };
  put_instance("web.corp", with_checks(instance("i1"), {tcp_check()}));
  probe("web.corp", "i1", Verdict::failed);
  keep();
  EXPECT_EQ(restored("web.corp").state, CheckState::critical);
  replace(with_checks(instance("i1", "10.0.0.9"), {tcp_check()}));
  EXPECT_EQ(restored("web.corp"), CheckStatus{}) << "another target";
  replace(with_checks(instance("i1"), {tcp_check()}));
  EXPECT_EQ(restored("web.corp"), CheckStatus{}) << "and the first one again";
  put(DeleteInstance{name("web.corp"), "i1"});
  replace(with_checks(instance("i1"), {tcp_check()}));
  EXPECT_EQ(restored("web.corp"), CheckStatus{}) << "its namesake";

  ServicePolicy policy;
  policy.checks = {tcp_check()};
  put_service("db.corp", policy);
  put_instance("db.corp", instance("i1"));
  probe("db.corp", "i1", Verdict::failed);
  keep();
  EXPECT_EQ(restored("db.corp").state, CheckState::critical);
  policy.checks[0].tcp.port = 81;
  forget(PutServiceEffect{});
  put_service("db.corp", policy);
  keep();
  EXPECT_EQ(restored("db.corp"), CheckStatus{}) << "another template";
}

TEST_F(RestoreTest, EveryEtagIsKept) {
  NamespaceDef def;
  def.name = name("prod");
  put(PutNamespace{def});
  def.ttl = 9s;
  put(PutNamespace{def});
  put_instance("web.corp", with_checks(instance("i1"), {tcp_check()}));
  Transaction transaction(registry, now);
  ASSERT_TRUE(transaction.run(PutInstance{name("web.corp"), instance("i2", "10.0.0.2"), {}}));
  ASSERT_TRUE(transaction.run(PutService{name("db.prod"), {}, {}}));
  Record record{registry.reserve_revision(), now.wall, transaction.take()};
  stamp_revisions(record);
  log.insert(log.end(), record.effects.begin(), record.effects.end());
  probe("web.corp", "i1", Verdict::ok);  // overtakes the commit
  const Revision announced = registry.apply(record, now).revision;
  EXPECT_GT(announced, record.revision);
  EXPECT_GE(get("web.corp", "i2").state_revision, announced) << "pollers wait for what was announced";
  log.erase(log.begin() + 1);  // the first PUT of prod: the store keeps the latest of a key

  Registry restored;
  restored.restore(log, 5000, now);
  for (const char* apex : {"corp", "prod"}) {
    EXPECT_EQ(restored.find_namespace(apex)->revision, registry.find_namespace(apex)->revision) << apex;
    EXPECT_EQ(restored.find_namespace(apex)->created, registry.find_namespace(apex)->created) << apex;
  }
  EXPECT_EQ(restored.find_service("db.prod")->revision, registry.find_service("db.prod")->revision);
  EXPECT_EQ(restored.find_instance("web.corp", "i2")->revision, get("web.corp", "i2").revision);
}

TEST_F(RestoreTest, TheNewerOfTwoEqualOverridesStillDecides) {
  put_instance("web.corp", instance("i1"));
  OverrideDef def;
  def.name = "b";
  def.service = "web.corp";
  put(PutOverride{def});
  def.name = "c";
  def.up = true;
  put(PutOverride{def});
  ASSERT_EQ(get("web.corp", "i1").reason, Reason::override_up);
  Registry restored;
  restored.restore(log, 100, now);
  EXPECT_EQ(restored.find_instance("web.corp", "i1")->reason, Reason::override_up);
}

TEST_F(RestoreTest, SerialsStayAheadAfterACrash) {
  put_instance("web.corp", instance("i1"));
  keep();
  const Revision stored = registry.revision();
  for (int i = 0; i < 50; ++i) {
    put(DrainInstance{name("web.corp"), "i1"});
    put(UndrainInstance{name("web.corp"), "i1"});
  }
  const std::uint32_t lost = registry.find_namespace("corp")->serial;
  Registry restored;
  restored.restore(log, 1000, now, 1000 - stored);
  EXPECT_GE(restored.find_namespace("corp")->serial, lost);
}

TEST_F(RestoreTest, SaysWhatItLeftOut) {
  put_instance("web.corp", instance("i1"));
  put_instance("web.corp", instance("i2"));
  std::erase_if(log, [](const Effect& e) { return std::holds_alternative<PutNamespaceEffect>(e); });
  Registry restored;
  const auto notes = restored.restore(log, 100, now);
  ASSERT_THAT(notes, SizeIs(2));
  EXPECT_THAT(notes[0], HasSubstr("stored instances of: web.corp and 1 more"));
  EXPECT_EQ(restored.instance_count(), 0U);
}

TEST_F(RestoreTest, AnInstanceWithoutItsServiceGetsOne) {
  put_instance("web.corp", instance("i1"));
  std::erase_if(log, [](const Effect& e) { return std::holds_alternative<PutServiceEffect>(e); });
  Registry restored;
  EXPECT_THAT(restored.restore(log, 100, now), IsEmpty());
  EXPECT_TRUE(restored.find_instance("web.corp", "i1")->available);
  EXPECT_FALSE(restored.find_service("web.corp")->declared);
}

class DeclareTest : public Fixture {
 protected:
  static Registry::Declared file(std::vector<InstanceDef> instances, ServicePolicy policy = {}) {
    Registry::Declared out;
    NamespaceDef corp;
    corp.name = name("corp");
    out.namespaces.push_back(corp);
    out.services.push_back({name("db.corp"), std::move(policy), std::move(instances)});
    return out;
  }
  std::vector<std::string> notes;
};

TEST_F(DeclareTest, TheFilesThingsAreNotTheApisToChange) {
  registry.declare(file({instance("db1")}), now, notes);
  EXPECT_THAT(notes, IsEmpty());
  EXPECT_TRUE(get("db.corp", "db1").available);
  ServicePolicy policy;
  policy.ttl = 9s;
  EXPECT_EQ(refused(PutService{name("db.corp"), policy, {}}), ProblemKind::managed_by_config);
  EXPECT_EQ(refused(DeleteService{name("db.corp"), true, {}}), ProblemKind::managed_by_config);
  EXPECT_EQ(refused(PutInstance{name("db.corp"), instance("db1", "10.0.0.7"), {}}), ProblemKind::managed_by_config);
  EXPECT_EQ(refused(DeleteInstance{name("db.corp"), "db1"}), ProblemKind::managed_by_config);
  EXPECT_EQ(refused(DeleteNamespace{"corp", {}}), ProblemKind::managed_by_config);
  EXPECT_TRUE(put_instance("db.corp", instance("db2", "10.0.0.2"))) << "others may register beside";
}

TEST_F(DeclareTest, AReloadWinsOverACommitUnderWay) {
  NamespaceDef brief;
  brief.name = name("brief");
  Registry::Declared before;
  before.namespaces.push_back(brief);
  registry.declare(before, now, notes);
  Transaction transaction(registry, now);
  ServicePolicy policy;
  policy.ttl = 1s;
  ASSERT_TRUE(transaction.run(PutService{name("db.corp"), policy, {}}));
  ASSERT_TRUE(transaction.run(PutInstance{name("db.corp"), instance("DB1", "10.0.0.9"), {}}));
  ASSERT_TRUE(transaction.run(PutInstance{name("web.brief"), instance("w1"), {}}));
  Record record{registry.reserve_revision(), now.wall, transaction.take()};
  registry.declare(file({instance("db1")}), now, notes);
  ASSERT_EQ(registry.find_namespace("brief"), nullptr) << "withdrawn while it was empty";
  registry.apply(record, now);
  EXPECT_TRUE(registry.find_service("db.corp")->managed_by_config);
  EXPECT_FALSE(registry.find_service("db.corp")->policy.ttl);
  EXPECT_EQ(registry.find_instance("db.corp", "DB1"), nullptr) << "its label is taken";
  EXPECT_EQ(registry.find_namespace("brief"), nullptr);
  EXPECT_EQ(registry.find_service("web.brief"), nullptr);
}

TEST_F(DeclareTest, AnEqualReloadChangesNothing) {
  registry.declare(file({instance("db1")}), now, notes);
  const Revision before = registry.revision();
  changes = registry.declare(file({instance("db1")}), now, notes);
  EXPECT_TRUE(changes.empty());
  EXPECT_EQ(registry.revision(), before);
}

TEST_F(DeclareTest, WhatTheFileDropsGoes) {
  registry.declare(file({instance("db1"), instance("db2", "10.0.0.2")}), now, notes);
  registry.declare(file({instance("db2", "10.0.0.2")}), now, notes);
  EXPECT_EQ(registry.find_instance("db.corp", "db1"), nullptr);
  put_instance("db.corp", instance("api", "10.0.0.3"));
  registry.declare({}, now, notes);
  EXPECT_EQ(registry.find_instance("db.corp", "db2"), nullptr);
  EXPECT_TRUE(get("db.corp", "api").available);
  EXPECT_FALSE(registry.find_service("db.corp")->managed_by_config);
  ASSERT_THAT(notes, SizeIs(1));
  EXPECT_THAT(notes[0], HasSubstr("no longer declared but holds 1 services"));
}

TEST_F(DeclareTest, TheFileWinsOverTheStore) {
  ServicePolicy stored;
  stored.ttl = 60s;
  put_service("db.corp", stored);
  put_instance("db.corp", instance("db1", "10.0.0.66"));
  put_instance("db.corp", instance("api", "10.0.0.3"));
  Registry fresh;
  fresh.declare(file({instance("db1")}), now, notes);
  const auto left_out = fresh.restore(log, 100, now);
  EXPECT_THAT(left_out, SizeIs(2));
  EXPECT_EQ(to_string(*fresh.find_instance("db.corp", "db1")->def->addresses.v4), "10.0.0.1");
  EXPECT_TRUE(fresh.find_instance("db.corp", "api")->available);
  EXPECT_FALSE(fresh.find_service("db.corp")->policy.ttl);
}

TEST_F(DeclareTest, ANamespaceOfTheFileShadowsAServiceOfItsName) {
  put_instance("db.corp", instance("i1"));
  Registry::Declared declared;
  NamespaceDef deep;
  deep.name = name("db.corp");
  declared.namespaces.push_back(deep);
  changes = registry.declare(declared, now, notes);
  EXPECT_EQ(get("db.corp", "i1").reason, Reason::shadowed);
  registry.declare({}, now, notes);
  EXPECT_TRUE(get("db.corp", "i1").available);
}

class StaticTest : public Fixture {};

TEST_F(StaticTest, AZoneFileShadowsTheServicesItCovers) {
  for (const char* service : {"web.corp", "db.corp", "ldap.corp", "free.corp"}) put_instance(service, instance("i1"));
  const StaticNames names{{"web.corp", "x.y.db.corp", "_ldap._tcp.corp", "mail.corp"}, 0};
  EXPECT_THAT(registry.static_conflicts("corp", names), ElementsAre("db.corp", "ldap.corp", "web.corp"));
  changes = registry.set_static_names("corp", names, now);
  for (const char* service : {"web.corp", "db.corp", "ldap.corp"}) {
    EXPECT_TRUE(registry.find_service(service)->shadowed);
    EXPECT_EQ(get(service, "i1").reason, Reason::shadowed);
    EXPECT_FALSE(get(service, "i1").available);
  }
  EXPECT_TRUE(get("free.corp", "i1").available);
  EXPECT_THAT(changes.touched_services, ElementsAre("db.corp", "ldap.corp", "web.corp"));
  EXPECT_THAT(registry.static_conflicts("corp", names), IsEmpty()) << "what is shadowed has nothing to lose";
  EXPECT_EQ(*put_instance("web.corp", instance("i1")), Outcome::unchanged);
  EXPECT_EQ(refused(PutInstance{name("web.corp"), instance("i2"), {}}), ProblemKind::name_static);
  registry.set_static_names("corp", {}, now);
  EXPECT_TRUE(get("web.corp", "i1").available);
}

TEST_F(StaticTest, TheSerialGoesAboveTheFiles) {
  const std::uint32_t before = registry.find_namespace("corp")->serial;
  registry.set_static_names("corp", {{}, 0}, now);
  EXPECT_EQ(registry.find_namespace("corp")->serial, before) << "a start changes no answer";
  registry.set_static_names("corp", {{}, 0}, now);
  EXPECT_NE(registry.find_namespace("corp")->serial, before) << "a reload may have changed anything";
  registry.set_static_names("corp", {{}, 2026010101}, now);
  EXPECT_GT(registry.find_namespace("corp")->serial, 2026010101U);
  put_service("web.corp");
  EXPECT_GT(registry.find_namespace("corp")->serial, 2026010102U);
}

}  // namespace
}  // namespace registry
