// Checks of kind alias: what follows another service.
#include <gmock/gmock.h>

#include "registry/registry_fixture.h"

namespace registry {
namespace {

using testing::Contains;
using testing::HasSubstr;

class Follow : public Fixture {
 protected:
  static CheckDef alias(std::string service) {
    CheckDef def;
    def.name = "alias";
    def.kind = CheckKind::alias;
    def.alias = std::move(service);
    return def;
  }
  void put_db(std::string_view id, std::string_view address = "10.0.0.9") {
    ASSERT_TRUE(put_instance("db.corp", with_checks(instance(std::string(id), address), {tcp_check()})));
  }
  void put_web() { ASSERT_TRUE(put_instance("web.corp", with_checks(instance("i1"), {alias("db.corp")}))); }
  CheckState web() { return get("web.corp", "i1").status.at(0).state; }
  std::string output() { return get("web.corp", "i1").status.at(0).output; }
};

TEST_F(Follow, GoesDownAndUpWithTheServiceThatItFollowsUnderOneRevision) {
  put_db("d1");
  put_web();
  EXPECT_EQ(web(), CheckState::unknown) << "nobody was judged yet";
  EXPECT_FALSE(get("web.corp", "i1").available);
  probe("db.corp", "d1", Verdict::ok);
  EXPECT_EQ(web(), CheckState::passing);
  EXPECT_TRUE(get("web.corp", "i1").available);
  EXPECT_THAT(changes.touched_services, Contains("web.corp"));
  EXPECT_EQ(get("web.corp", "i1").state_revision, changes.revision);
  for (int i = 0; i < 3; ++i) probe("db.corp", "d1", Verdict::failed);
  EXPECT_EQ(web(), CheckState::critical);
  EXPECT_EQ(get("web.corp", "i1").reason, Reason::check_failing);
  EXPECT_EQ(output(), "0 of 1 instances of db.corp are available");
  EXPECT_EQ(get("web.corp", "i1").state_revision, get("db.corp", "d1").state_revision);
}

TEST_F(Follow, OneAvailableInstanceIsEnoughAndItsWarningIsPassedOn) {
  put_db("d1");
  put_db("d2", "10.0.0.8");
  probe("db.corp", "d1", Verdict::failed);
  probe("db.corp", "d2", Verdict::warn);
  put_web();
  EXPECT_EQ(web(), CheckState::warning);
  probe("db.corp", "d2", Verdict::ok);
  EXPECT_EQ(web(), CheckState::passing);
  EXPECT_EQ(output(), "1 of 2 instances of db.corp are available");
}

TEST_F(Follow, AnAbsentServiceIsCriticalUntilItAppears) {
  put_web();
  EXPECT_EQ(web(), CheckState::critical);
  EXPECT_EQ(output(), "there is no service db.corp");
  ASSERT_TRUE(put_instance("DB.corp", instance("d1", "10.0.0.9")));
  EXPECT_EQ(web(), CheckState::passing);
  ASSERT_TRUE(put(DeleteInstance{name("db.corp"), "d1"}));
  EXPECT_EQ(web(), CheckState::critical);
  ASSERT_TRUE(put(DeleteService{name("db.corp")}));
  EXPECT_EQ(output(), "there is no service db.corp");
}

TEST_F(Follow, DrainAndOverrideOfTheFollowedCount) {
  ASSERT_TRUE(put_instance("db.corp", instance("d1", "10.0.0.9")));
  put_web();
  ASSERT_TRUE(put(DrainInstance{name("db.corp"), "d1"}));
  EXPECT_EQ(web(), CheckState::critical);
  ASSERT_TRUE(put(UndrainInstance{name("db.corp"), "d1"}));
  EXPECT_EQ(web(), CheckState::passing);
  OverrideDef rule;
  rule.name = "o";
  rule.service = "db.corp";
  ASSERT_TRUE(put(PutOverride{rule}));
  EXPECT_EQ(web(), CheckState::critical);
}

TEST_F(Follow, AChainIsPassedOnToItsEnd) {
  ASSERT_TRUE(put_instance("s0.corp", with_checks(instance("i"), {tcp_check()})));
  for (int i = 1; i <= 9; ++i) {
    const std::string service = "s" + std::to_string(i) + ".corp";
    ASSERT_TRUE(put_instance(service, with_checks(instance("i"), {alias("s" + std::to_string(i - 1) + ".corp")})));
  }
  probe("s0.corp", "i", Verdict::ok);
  EXPECT_TRUE(get("s9.corp", "i").available);
  for (int i = 0; i < 3; ++i) probe("s0.corp", "i", Verdict::failed);
  EXPECT_FALSE(get("s9.corp", "i").available);
  EXPECT_THAT(changes.touched_services, Contains("s9.corp"));
}

TEST_F(Follow, ALoopIsRefusedWhereverItCloses) {
  EXPECT_EQ(refused(PutInstance{name("a.corp"), with_checks(instance("i"), {alias("A.corp")})}),
            ProblemKind::invalid_registration);
  ASSERT_TRUE(put_instance("b.corp", with_checks(instance("i"), {alias("a.corp")})));
  ASSERT_TRUE(put_instance("c.corp", with_checks(instance("i"), {alias("b.corp")})));
  const auto closing = put_instance("a.corp", with_checks(instance("i"), {alias("c.corp")}));
  ASSERT_FALSE(closing);
  EXPECT_EQ(closing.error().errors.at(0).pointer, "#/checks/0/alias");
  EXPECT_EQ(closing.error().errors.at(0).code, "loop");
  ServicePolicy policy;
  policy.checks = {alias("c.corp")};
  EXPECT_EQ(refused(PutService{name("a.corp"), policy}), ProblemKind::invalid_registration);
  policy.checks = {alias("d.corp")};
  EXPECT_TRUE(put_service("a.corp", policy));
}

TEST_F(Follow, ALoopOverTemplatesIsRefusedBeforeAnInstanceIsThere) {
  ServicePolicy policy;
  policy.checks = {alias("a.corp")};
  ASSERT_TRUE(put_service("b.corp", policy));
  const auto closing = put_instance("a.corp", with_checks(instance("i"), {alias("b.corp")}));
  ASSERT_FALSE(closing);
  EXPECT_EQ(closing.error().errors.at(0).code, "loop");
  policy.checks = {alias("b.corp")};
  EXPECT_EQ(refused(PutService{name("a.corp"), policy}), ProblemKind::invalid_registration);
  ASSERT_TRUE(put_service("c.corp", policy));
  EXPECT_EQ(refused(PutInstance{name("a.corp"), with_checks(instance("i"), {alias("c.corp")})}),
            ProblemKind::invalid_registration);
  ASSERT_TRUE(put_service("b.corp", {}));
  EXPECT_TRUE(put_instance("a.corp", with_checks(instance("i"), {alias("b.corp")})));
  ASSERT_TRUE(put(DeleteService{name("c.corp")}));
  EXPECT_TRUE(put_instance("b.corp", with_checks(instance("i"), {alias("c.corp")})));
}

TEST_F(Follow, ATemplateMakesAllInstancesFollowAndLetsThemGoAgain) {
  ASSERT_TRUE(put_instance("web.corp", instance("i1")));
  ServicePolicy policy;
  policy.checks = {alias("db.corp")};
  ASSERT_TRUE(put_service("web.corp", policy));
  EXPECT_EQ(web(), CheckState::critical);
  EXPECT_TRUE(registry.is_followed("db.corp"));
  ASSERT_TRUE(put_service("web.corp", {}));
  EXPECT_TRUE(get("web.corp", "i1").available);
  EXPECT_FALSE(registry.is_followed("db.corp"));
}

TEST_F(Follow, AnAnswerHoldsNoLongerThanTheFollowedStateMust) {
  put_db("d1");
  put_web();
  probe("db.corp", "d1", Verdict::ok);
  EXPECT_EQ(get("web.corp", "i1").horizon, now.mono + 15s) << "fall x interval of db";
  probe("db.corp", "d1", Verdict::failed);
  EXPECT_EQ(get("web.corp", "i1").horizon, now.mono + 10s);
  EXPECT_THAT(changes.horizons, Contains("web.corp"));
}

TEST_F(Follow, ALaterHorizonIsAnnouncedAsWell) {
  ASSERT_TRUE(put_instance("db.corp", with_checks(instance("d1"), {lease(30s)})));
  put_web();
  for (int i = 0; i < 3; ++i) {
    pass(25s);
    beat("db.corp", "d1");
    EXPECT_EQ(get("web.corp", "i1").horizon, now.mono + 30s);
    EXPECT_EQ(registry.find_service("web.corp")->horizon, now.mono + 30s);
    EXPECT_THAT(changes.horizons, Contains("web.corp"));
  }
}

TEST_F(Follow, ATemplateOfManyIsJudgedWithTheLastState) {
  put_db("d1");
  probe("db.corp", "d1", Verdict::ok);
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(put_instance("web.corp", instance("i" + std::to_string(i))));
  ServicePolicy policy;
  policy.checks = {alias("db.corp")};
  ASSERT_TRUE(put_service("web.corp", policy));
  EXPECT_EQ(registry.find_service("web.corp")->available, 20U);
  for (int i = 0; i < 3; ++i) probe("db.corp", "d1", Verdict::failed);
  EXPECT_EQ(registry.find_service("web.corp")->available, 0U);
}

class FollowByAnotherName : public Follow {
 protected:
  FollowByAnotherName() {
    NamespaceDef corp;
    corp.name = name("corp");
    corp.aliases = {name("old")};
    put(PutNamespace{corp});
    put_db("d1");
    probe("db.corp", "d1", Verdict::ok);
  }
};

TEST_F(FollowByAnotherName, TheNamespacesAliasMeansTheSameService) {
  const InstanceDef def = with_checks(instance("i1"), {alias("DB.old")});
  ASSERT_TRUE(put_instance("web.corp", def));
  EXPECT_EQ(web(), CheckState::passing);
  EXPECT_EQ(get("web.corp", "i1").def->checks[0].alias, "db.corp");
  EXPECT_EQ(put_instance("web.corp", def), Outcome::unchanged);
  for (int i = 0; i < 3; ++i) probe("db.corp", "d1", Verdict::failed);
  EXPECT_EQ(web(), CheckState::critical);
  EXPECT_EQ(refused(PutInstance{name("db.corp"), with_checks(instance("d2"), {alias("web.old")})}),
            ProblemKind::invalid_registration)
      << "a loop, by whatever name";
}

TEST_F(FollowByAnotherName, AlsoInATemplateAndInTheConfigurationFile) {
  ASSERT_TRUE(put_instance("web.corp", instance("i1")));
  ServicePolicy policy;
  policy.checks = {alias("db.old")};
  ASSERT_TRUE(put_service("web.corp", policy));
  EXPECT_EQ(web(), CheckState::passing);
  EXPECT_EQ(put_service("web.corp", policy), Outcome::unchanged);
  Registry::Declared file;
  file.services.push_back({name("app.corp"), {}, {with_checks(instance("i1"), {alias("db.old")})}});
  std::vector<std::string> notes;
  (void)registry.declare(file, now, notes);
  EXPECT_EQ(get("app.corp", "i1").status.at(0).state, CheckState::passing);
  EXPECT_TRUE(registry.declare(file, now, notes).empty()) << "an equal file";
}

TEST_F(Follow, ANameInNoNamespaceIsRefused) {
  const auto outcome = put_instance("web.corp", with_checks(instance("i1"), {alias("db.nowhere")}));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().errors.at(0).pointer, "#/checks/0/alias");
  EXPECT_EQ(outcome.error().errors.at(0).code, "unknown_namespace");
}

TEST_F(Follow, AnAliasServiceIsNotFollowedThrough) {
  ServicePolicy policy;
  policy.alias = "pg.corp";
  ASSERT_TRUE(put_service("db.corp", policy));
  put_web();
  EXPECT_EQ(web(), CheckState::critical);
  EXPECT_THAT(output(), HasSubstr("follow pg.corp"));
}

TEST_F(Follow, ARestartFindsTheSameStateAgain) {
  put_db("d1");
  put_web();
  probe("db.corp", "d1", Verdict::ok);
  std::vector<Effect> stored = log;
  for (Effect& effect : registry.observed(changes)) stored.push_back(std::move(effect));
  const Wall since = get("web.corp", "i1").status[0].since;
  Registry restarted;
  now.wall += 1h;
  (void)restarted.restore(stored, 1000, now);
  const Instance* found = restarted.find_instance("web.corp", "i1");
  ASSERT_NE(found, nullptr);
  EXPECT_TRUE(found->available);
  EXPECT_EQ(found->status[0].since, since);
}

class Programs : public Fixture {
 protected:
  Result<Outcome> put_exec(Registry& where, std::vector<std::string> command) {
    CheckDef def;
    def.name = "exec";
    def.kind = CheckKind::exec;
    def.exec = std::move(command);
    Transaction transaction(where, now);
    return transaction.run(PutInstance{name("web.corp"), with_checks(instance("i1"), {def}), {}});
  }
};

TEST_F(Programs, AreRefusedUnlessTheConfigurationNamesThem) {
  const auto off = put_exec(registry, {"/bin/true"});
  ASSERT_FALSE(off);
  EXPECT_EQ(off.error().errors.at(0).pointer, "#/checks/0/exec");
  EXPECT_THAT(off.error().errors.at(0).message, HasSubstr("exec checks are off"));

  Registry some({.exec_programs = {"/usr/lib/checks/", "/bin/true"}});
  NamespaceDef corp;
  corp.name = name("corp");
  some.apply({some.reserve_revision(), now.wall, {PutNamespaceEffect{corp}}}, now);
  EXPECT_TRUE(put_exec(some, {"/bin/true"}));
  EXPECT_TRUE(put_exec(some, {"/usr/lib/checks/disk", "-w", "../x"}));
  for (const char* program : {"/bin/false", "/bin/true/", "/bin/truer", "/usr/lib/checks/../../bin/sh", "/bin/./true",
                              "/usr/lib/checksum", "/usr/lib/checks"}) {
    const auto refused = put_exec(some, {program});
    ASSERT_FALSE(refused) << program;
    EXPECT_EQ(refused.error().errors.at(0).code, "not_allowed") << program;
  }
}

}  // namespace
}  // namespace registry
