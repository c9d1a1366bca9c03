#include "registry/transaction.h"

#include <gmock/gmock.h>

#include "registry/registry_fixture.h"

namespace registry {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class TransactionTest : public Fixture {
 protected:
  static NamespaceDef ns(std::string_view text, std::vector<std::string_view> aliases = {}) {
    NamespaceDef def;
    def.name = name(text);
    for (const auto alias : aliases) def.aliases.push_back(name(alias));
    return def;
  }
  static ServicePolicy alias_of(std::string target) {
    ServicePolicy policy;
    policy.alias = std::move(target);
    return policy;
  }
  static InstanceDef with_host(std::string id, std::string host) {
    InstanceDef def = instance(std::move(id));
    def.addresses = {};
    def.host = std::move(host);
    return def;
  }
  void zone_file(std::set<std::string, std::less<>> owners, std::string_view apex = "corp") {
    changes = registry.set_static_names(apex, {std::move(owners), 0}, now);
  }
};

TEST_F(TransactionTest, AnEqualPutChangesNothing) {
  put_instance("web.corp", instance("i1"));
  const Revision before = registry.revision();
  EXPECT_EQ(*put_instance("web.corp", instance("i1")), Outcome::unchanged);
  EXPECT_EQ(registry.revision(), before);
  InstanceDef tagged = instance("i1");
  tagged.tags = {"b", "a", "b"};
  EXPECT_EQ(*put_instance("web.corp", tagged), Outcome::replaced);
  tagged.tags = {"a", "b"};
  EXPECT_EQ(*put_instance("web.corp", tagged), Outcome::unchanged);
  put_service("web.corp");
  EXPECT_EQ(*put_service("web.corp"), Outcome::unchanged);
  EXPECT_EQ(*put(PutNamespace{ns("Corp")}), Outcome::unchanged);
}

TEST_F(TransactionTest, AServiceLiesOneLabelBelowItsNamespace) {
  EXPECT_EQ(refused(PutService{name("a.b.corp"), {}, {}}), ProblemKind::invalid_registration);
  EXPECT_EQ(refused(PutInstance{name("a.b.corp"), instance("i1"), {}}), ProblemKind::invalid_registration);
  const auto unknown = put_instance("web.example", instance("i1"));
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().kind, ProblemKind::unknown_namespace);
  EXPECT_THAT(unknown.error().hint, HasSubstr("example"));
  put(PutNamespace{ns("b.corp")});
  EXPECT_EQ(*put_service("a.b.corp"), Outcome::created);
}

TEST_F(TransactionTest, ReservedLabelsAreNoServices) {
  for (const char* label : {"ns", "NS1", "_tcp", "_x"}) {
    EXPECT_EQ(refused(PutService{name(std::string(label) + ".corp"), {}, {}}), ProblemKind::invalid_registration);
  }
  EXPECT_EQ(refused(PutService{name(std::string(63, 'a') + ".corp"), {}, {}}), ProblemKind::invalid_registration);
  EXPECT_TRUE(put_service(std::string(62, 'a') + ".corp"));
}

TEST_F(TransactionTest, ANamespaceAndAServiceCannotShareAName) {
  put_service("b.corp");
  EXPECT_EQ(refused(PutNamespace{ns("b.corp")}), ProblemKind::name_conflict);
  EXPECT_EQ(refused(PutNamespace{ns("a.b.corp")}), ProblemKind::name_conflict);
  EXPECT_EQ(refused(PutNamespace{ns("other", {"B.corp"})}), ProblemKind::name_conflict);
  put(PutNamespace{ns("x.y.corp")});
  EXPECT_EQ(refused(PutService{name("y.corp"), {}, {}}), ProblemKind::name_conflict);
  put(PutNamespace{ns("z.corp")});
  EXPECT_EQ(refused(PutService{name("z.corp"), {}, {}}), ProblemKind::name_conflict);
  EXPECT_EQ(refused(PutService{name("corp"), {}, {}}), ProblemKind::name_conflict);
  EXPECT_TRUE(put_service("yy.corp"));
}

TEST_F(TransactionTest, ApexesAndAliasesAreTakenOnce) {
  put(PutNamespace{ns("other", {"alt"})});
  EXPECT_EQ(refused(PutNamespace{ns("alt")}), ProblemKind::name_conflict);
  EXPECT_EQ(refused(PutNamespace{ns("third", {"corp"})}), ProblemKind::name_conflict);
  EXPECT_EQ(refused(PutNamespace{ns("third", {"alt"})}), ProblemKind::name_conflict);
  EXPECT_EQ(*put(PutNamespace{ns("other", {})}), Outcome::replaced);
  EXPECT_TRUE(put(PutNamespace{ns("alt")}));
}

TEST_F(TransactionTest, AServiceIsRegisteredUnderTheNamespaceNotItsAlias) {
  put(PutNamespace{ns("other", {"alt"})});
  const auto outcome = put_service("web.alt");
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind, ProblemKind::invalid_registration);
  EXPECT_THAT(outcome.error().hint, HasSubstr("web.other"));
}

TEST_F(TransactionTest, AZoneFilesNamesAreNotRegistered) {
  zone_file({"www.web.corp", "_ldap._tcp.corp", "mail.corp", "_tcp.x.corp"});
  EXPECT_EQ(refused(PutService{name("web.corp"), {}, {}}), ProblemKind::name_static);
  EXPECT_EQ(refused(PutInstance{name("mail.corp"), instance("i1"), {}}), ProblemKind::name_static);
  EXPECT_EQ(refused(PutService{name("ldap.corp"), {}, {}}), ProblemKind::name_static);
  EXPECT_EQ(refused(PutService{name("x.corp"), {}, {}}), ProblemKind::name_static);
  EXPECT_EQ(refused(PutNamespace{ns("mail.corp")}), ProblemKind::name_static);
  EXPECT_EQ(refused(PutNamespace{ns("web.corp")}), ProblemKind::name_static);
  EXPECT_TRUE(put_service("www.corp"));
}

TEST_F(TransactionTest, LabelsAreUniqueFoldedInTheirService) {
  put_instance("web.corp", instance("w1"));
  EXPECT_EQ(refused(PutInstance{name("web.corp"), instance("W1", "10.0.0.2"), {}}), ProblemKind::name_conflict);
  EXPECT_TRUE(put_instance("db.corp", instance("W1")));
  InstanceDef moved = instance("w1");
  moved.label = "other";
  EXPECT_EQ(*put_instance("web.corp", moved), Outcome::replaced);
  EXPECT_TRUE(put_instance("web.corp", instance("W1", "10.0.0.2")));
}

TEST_F(TransactionTest, DeletesOfAbsentThingsAreNoErrors) {
  EXPECT_EQ(*put(DeleteNamespace{"nope", {}}), Outcome::absent);
  EXPECT_EQ(*put(DeleteService{name("nope.corp"), false, {}}), Outcome::absent);
  EXPECT_EQ(*put(DeleteInstance{name("a.b.c"), "i1"}), Outcome::absent);
  EXPECT_EQ(*put(DeleteOverride{"nope"}), Outcome::absent);
}

TEST_F(TransactionTest, WhatHoldsSomethingIsNotDeleted) {
  put_instance("web.corp", instance("i1"));
  EXPECT_EQ(refused(DeleteNamespace{"corp", {}}), ProblemKind::not_empty);
  EXPECT_EQ(refused(DeleteService{name("web.corp"), false, {}}), ProblemKind::not_empty);
  EXPECT_EQ(*put(DeleteService{name("web.corp"), true, {}}), Outcome::removed);
  EXPECT_EQ(registry.instance_count(), 0U);
  EXPECT_EQ(*put(DeleteNamespace{"CORP", {}}), Outcome::removed);
  EXPECT_EQ(registry.find_namespace("corp"), nullptr);
}

TEST_F(TransactionTest, AliasesLeadSomewhere) {  // case 42
  EXPECT_EQ(refused(PutService{name("a.corp"), alias_of("a.corp"), {}}), ProblemKind::invalid_registration);
  EXPECT_TRUE(put_service("a.corp", alias_of("B.corp.")));
  EXPECT_EQ(refused(PutService{name("b.corp"), alias_of("a.corp"), {}}), ProblemKind::invalid_registration);
  EXPECT_TRUE(put_service("b.corp", alias_of("absent.corp")));
  EXPECT_TRUE(put_service("c.corp", alias_of("www.example.com")));
}

TEST_F(TransactionTest, AnAliasChainHasAtMostEightLinks) {
  for (int i = 1; i <= 8; ++i) {
    ASSERT_TRUE(put_service("s" + std::to_string(i) + ".corp", alias_of("s" + std::to_string(i - 1) + ".corp"))) << i;
  }
  EXPECT_EQ(refused(PutService{name("s9.corp"), alias_of("s8.corp"), {}}), ProblemKind::invalid_registration);
}

TEST_F(TransactionTest, ALoopThroughANamespacesAliasIsSeen) {
  put(PutNamespace{ns("other", {"alt"})});
  EXPECT_EQ(refused(PutService{name("a.other"), alias_of("a.alt"), {}}), ProblemKind::invalid_registration);
}

TEST_F(TransactionTest, AnAliasHoldsNoInstances) {
  put_service("a.corp", alias_of("web.corp"));
  EXPECT_EQ(refused(PutInstance{name("a.corp"), instance("i1"), {}}), ProblemKind::name_conflict);
  put_instance("web.corp", instance("i1"));
  EXPECT_EQ(refused(PutService{name("web.corp"), alias_of("db.corp"), {}}), ProblemKind::not_empty);
}

TEST_F(TransactionTest, AHostMustOwnAddresses) {  // cases 43, 44
  put_service("a.corp", alias_of("web.corp"));
  EXPECT_EQ(refused(PutInstance{name("web.corp"), with_host("i1", "web.corp"), {}}), ProblemKind::invalid_registration);
  EXPECT_EQ(refused(PutInstance{name("web.corp"), with_host("i1", "A.corp"), {}}), ProblemKind::invalid_registration);
  EXPECT_TRUE(put_instance("web.corp", with_host("i1", "db.corp")));
  EXPECT_EQ(refused(PutService{name("db.corp"), alias_of("x.corp"), {}}), ProblemKind::name_conflict);
  put(DeleteInstance{name("web.corp"), "i1"});
  EXPECT_TRUE(put_service("db.corp", alias_of("x.corp")));
}

TEST_F(TransactionTest, PublishCnameWantsOneInstanceWithAHost) {
  ServicePolicy cname;
  cname.publish = Publish::cname;
  put_service("web.corp", cname);
  EXPECT_EQ(refused(PutInstance{name("web.corp"), instance("i1"), {}}), ProblemKind::invalid_registration);
  EXPECT_TRUE(put_instance("web.corp", with_host("i1", "h.example.net")));
  EXPECT_EQ(refused(PutInstance{name("web.corp"), with_host("i2", "g.example.net"), {}}), ProblemKind::name_conflict);
  put_instance("db.corp", instance("i1"));
  EXPECT_EQ(refused(PutService{name("db.corp"), cname, {}}), ProblemKind::name_conflict);
}

TEST_F(TransactionTest, PreconditionsCompareTheFactsRevision) {
  EXPECT_EQ(refused(PutInstance{name("web.corp"), instance("i1"), {Revision{7}, false}}),
            ProblemKind::precondition_failed);
  EXPECT_TRUE(put_instance("web.corp", with_checks(instance("i1"), {tcp_check()}), {std::nullopt, true}));
  EXPECT_EQ(refused(PutInstance{name("web.corp"), instance("i1"), {std::nullopt, true}}),
            ProblemKind::precondition_failed);
  const Revision etag = get("web.corp", "i1").revision;
  probe("web.corp", "i1", Verdict::ok);  // a health flip does not fail If-Match
  EXPECT_EQ(*put_instance("web.corp", instance("i1"), {etag, false}), Outcome::replaced);
  EXPECT_EQ(refused(DeleteInstance{name("web.corp"), "i1", {etag, false}}), ProblemKind::precondition_failed);
  EXPECT_EQ(refused(DeleteService{name("nope.corp"), false, {etag, false}}), ProblemKind::precondition_failed);
}

TEST_F(TransactionTest, APatchReadsMergesAndWrites) {
  put_instance("web.corp", instance("i1"));
  const auto heavier = [](const InstanceDef& def) -> Result<InstanceDef> {
    InstanceDef out = def;
    out.weight += 5;
    return out;
  };
  EXPECT_EQ(*put(PatchInstance{name("web.corp"), "i1", heavier, {}}), Outcome::replaced);
  EXPECT_EQ(get("web.corp", "i1").def->weight, 15);
  EXPECT_EQ(refused(PatchInstance{name("web.corp"), "i2", heavier, {}}), ProblemKind::unknown_instance);
  EXPECT_EQ(refused(PatchInstance{name("db.corp"), "i1", heavier, {}}), ProblemKind::unknown_service);
  const auto same = [](const InstanceDef& def) -> Result<InstanceDef> { return def; };
  EXPECT_EQ(*put(PatchInstance{name("web.corp"), "i1", same, {}}), Outcome::unchanged);
  const auto renamed = [](const InstanceDef&) -> Result<InstanceDef> { return instance("other"); };
  EXPECT_EQ(refused(PatchInstance{name("web.corp"), "i1", renamed, {}}), ProblemKind::invalid_registration);
}

TEST_F(TransactionTest, LaterCommandsSeeEarlierOnes) {
  Transaction transaction(registry, now);
  EXPECT_EQ(*transaction.run(PutNamespace{ns("new")}), Outcome::created);
  EXPECT_EQ(*transaction.run(PutInstance{name("web.new"), instance("i1"), {}}), Outcome::created);
  EXPECT_EQ(*transaction.run(PutInstance{name("web.new"), instance("i1"), {}}), Outcome::unchanged);
  EXPECT_EQ(transaction.run(PutInstance{name("web.new"), instance("I1"), {}}).error().kind, ProblemKind::name_conflict);
  EXPECT_EQ(transaction.run(DeleteNamespace{"new", {}}).error().kind, ProblemKind::not_empty);
  EXPECT_EQ(*transaction.run(DrainInstance{name("web.new"), "i1"}), Outcome::replaced);
  EXPECT_EQ(*transaction.run(DrainInstance{name("web.new"), "i1"}), Outcome::unchanged);
  EXPECT_EQ(*transaction.run(DeleteService{name("web.new"), true, {}}), Outcome::removed);
  EXPECT_EQ(*transaction.run(DeleteNamespace{"new", {}}), Outcome::removed);
  EXPECT_EQ(transaction.run(PutService{name("web.new"), {}, {}}).error().kind, ProblemKind::unknown_namespace);
  EXPECT_EQ(*transaction.run(PutNamespace{ns("web.corp")}), Outcome::created);
  EXPECT_EQ(transaction.run(PutService{name("web.corp"), {}, {}}).error().kind, ProblemKind::name_conflict);
}

TEST_F(TransactionTest, AConsumedCommandGivesAwayOnlyWhatIsStaged) {
  Transaction transaction(registry, now);
  const auto def = instance("i1", "10.0.0.1");
  const auto consume = [&](const char* id) {
    Command command = PutInstance{name("web.corp"), instance(id, "10.0.0.1"), {}};
    const auto outcome = transaction.run(std::move(command));
    // NOLINTNEXTLINE(bugprone-use-after-move): what is left is what is asked here
    return std::pair(outcome, std::get<PutInstance>(command).def);
  };
  EXPECT_EQ(*consume("i1").first, Outcome::created);
  const auto [again, kept] = consume("i1");
  EXPECT_EQ(*again, Outcome::unchanged);
  EXPECT_EQ(kept, def);
  const auto [refused, whole] = consume("I1");
  EXPECT_EQ(refused.error().kind, ProblemKind::name_conflict);
  EXPECT_EQ(whole.id, "I1");
  EXPECT_EQ(std::get<PutInstanceEffect>(transaction.take().back()).def, def);
}

TEST_F(TransactionTest, AFailedCommandLeavesNothingBehind) {
  Transaction transaction(registry, now);
  EXPECT_FALSE(transaction.run(PutInstance{name("ns.corp"), instance("i1"), {}}));
  EXPECT_FALSE(transaction.run(PutInstance{name("web.corp"), instance("bad_label"), {}}));
  EXPECT_THAT(transaction.take(), IsEmpty());
}

TEST_F(TransactionTest, RollsBackToAMark) {
  put_instance("web.corp", instance("i1"));
  Transaction transaction(registry, now);
  EXPECT_TRUE(transaction.run(PutInstance{name("web.corp"), instance("i2", "10.0.0.2"), {}}));
  const auto mark = transaction.mark();
  EXPECT_TRUE(transaction.run(DeleteService{name("web.corp"), true, {}}));
  EXPECT_TRUE(transaction.run(PutNamespace{ns("web.corp")}));
  transaction.roll_back(mark);
  EXPECT_EQ(*transaction.run(PutInstance{name("web.corp"), instance("i2", "10.0.0.2"), {}}), Outcome::unchanged);
  EXPECT_EQ(*transaction.run(PutInstance{name("web.corp"), instance("i1"), {}}), Outcome::unchanged);
  EXPECT_EQ(transaction.run(PutInstance{name("web.corp"), instance("I1"), {}}).error().kind,
            ProblemKind::name_conflict);
  transaction.roll_back({});
  EXPECT_THAT(transaction.take(), IsEmpty());
  EXPECT_EQ(*transaction.run(PutInstance{name("web.corp"), instance("i2", "10.0.0.2"), {}}), Outcome::created);
  EXPECT_THAT(transaction.take(), SizeIs(1));
}

TEST_F(TransactionTest, LimitsAreRefusedWithTheirNumber) {
  Registry small({.services = 1, .instances = 2, .instances_per_service = 2, .overrides = 0});
  Transaction transaction(small, now);
  ASSERT_TRUE(transaction.run(PutNamespace{ns("corp")}));
  EXPECT_TRUE(transaction.run(PutInstance{name("web.corp"), instance("i1"), {}}));
  EXPECT_TRUE(transaction.run(PutInstance{name("web.corp"), instance("i2", "10.0.0.2"), {}}));
  const auto third = transaction.run(PutInstance{name("web.corp"), instance("i3", "10.0.0.3"), {}});
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().errors.at(0).code, "limit_reached");
  EXPECT_THAT(third.error().detail, HasSubstr("2 instances"));
  EXPECT_FALSE(transaction.run(PutService{name("db.corp"), {}, {}}));
  OverrideDef rule;
  rule.name = "r";
  EXPECT_FALSE(transaction.run(PutOverride{rule}));
  EXPECT_TRUE(transaction.run(PutInstance{name("web.corp"), instance("i2", "10.0.0.9"), {}})) << "a replacement fits";
}

TEST_F(TransactionTest, ADeletedInstanceLeavesNoTracesForTheNextOne) {
  put_instance("web.corp", with_checks(instance("i1"), {tcp_check()}));
  probe("web.corp", "i1", Verdict::ok);
  put(DrainInstance{name("web.corp"), "i1"});
  log.clear();
  put(DeleteInstance{name("web.corp"), "i1"});
  ASSERT_THAT(log, SizeIs(2));
  EXPECT_FALSE(std::get<DrainEffect>(log[0]).started);
  EXPECT_EQ(std::get<DeleteInstanceEffect>(log[1]).id, "i1");
}

}  // namespace
}  // namespace registry
