#include <gmock/gmock.h>

#include "dnsd/serve/test_world.h"

namespace dnsd::serve::test {
namespace {

using registry::Verdict;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
namespace type = wire::type;

class Service : public testing::Test {
 protected:
  void SetUp() override {
    world.add_namespace("corp", {"alt"});
    world.start();
  }
  void expect_denied(std::string_view qname, std::uint16_t qtype, std::string_view rcode, std::uint32_t ttl,
                     std::string_view soa_owner = "corp.") {
    const auto m = world.ask(qname, qtype);
    EXPECT_EQ(m.rcode, rcode) << qname;
    EXPECT_TRUE(m.aa) << qname;
    EXPECT_THAT(m.answer, IsEmpty()) << qname;
    ASSERT_THAT(m.authority, SizeIs(1)) << qname;
    EXPECT_EQ(m.authority[0].type, "SOA");
    EXPECT_EQ(m.authority[0].name, soa_owner) << qname;
    EXPECT_EQ(m.authority[0].ttl, ttl) << qname << " type " << qtype;
  }
  registry::InstanceDef checked(const Given& given) {
    auto def = instance(given);
    registry::CheckDef check;
    check.name = "tcp";
    def.checks.push_back(check);
    return def;
  }

  World world;
};

TEST_F(Service, AnswersItsAddressesAuthoritativelyWithTheServiceTtl) {
  world.put("web.corp", Given{.id = "i1", .v4 = "10.0.0.1"});
  const auto m = world.ask("web.corp", type::a, {.rd = true});
  EXPECT_EQ(m.rcode, "NOERROR");
  EXPECT_TRUE(m.aa && m.qr && m.rd && !m.ra && !m.tc);
  ASSERT_THAT(m.answer, SizeIs(1));
  EXPECT_EQ(m.answer[0], (answers::ShownRecord{"web.corp.", "A", 5, "10.0.0.1"}));
  EXPECT_THAT(m.authority, IsEmpty());
}

TEST_F(Service, GivesEachFamilyItsOwnAndNoDataForTheOther) {
  world.put("web.corp", Given{.id = "i1", .v4 = "10.0.0.1"});
  world.put("six.corp", Given{.id = "i1", .v6 = "2001:db8::1"});
  world.put("both.corp", Given{.id = "i1", .v4 = "10.0.0.1", .v6 = "2001:db8::1"});
  expect_denied("web.corp", type::aaaa, "NOERROR", 5);
  expect_denied("six.corp", type::a, "NOERROR", 5);
  EXPECT_THAT(data(world.ask("six.corp", type::aaaa).answer, "AAAA"), ElementsAre("2001:db8::1"));
  EXPECT_THAT(data(world.ask("both.corp", type::a).answer, "A"), ElementsAre("10.0.0.1"));
  EXPECT_THAT(data(world.ask("both.corp", type::aaaa).answer, "AAAA"), ElementsAre("2001:db8::1"));
}

TEST_F(Service, NamesAnAddressOnceAndEveryPortInSrv) {
  world.put("web.corp", Given{.id = "i1", .v4 = "10.0.0.1", .port = 80});
  world.put("web.corp", Given{.id = "i2", .v4 = "10.0.0.1", .port = 81});
  EXPECT_THAT(data(world.ask("web.corp", type::a).answer, "A"), ElementsAre("10.0.0.1"));
  const auto m = world.ask("web.corp", type::srv);
  EXPECT_THAT(data(m.answer, "SRV"), ElementsAre("1 10 80 i1.web.corp.", "1 10 81 i2.web.corp."));
  EXPECT_THAT(m.additional, SizeIs(2));
}

TEST_F(Service, EchoesTheQuestionAndSpellsTheOwnerAsAsked) {
  world.put("Web.corp", Given{.id = "I1", .v4 = "10.0.0.1", .port = 80});
  const auto m = world.ask("wEB.cOrP", type::srv);
  ASSERT_THAT(m.answer, SizeIs(1));
  EXPECT_EQ(m.answer[0].name, "wEB.cOrP.");
  EXPECT_EQ(m.questions[0].name, "wEB.cOrP.");
}

TEST_F(Service, DeniesWithTheTtlOfTheCause) {
  world.put("web.corp", Given{.id = "i1", .v4 = "10.0.0.1", .port = 80});
  for (const auto qtype : {type::a, type::txt, type::srv, type::aaaa, type::soa, std::uint16_t{65280}}) {
    expect_denied("nope.corp", qtype, "NXDOMAIN", 1);
  }
  expect_denied("x.nope.corp", type::a, "NXDOMAIN", 1);
  expect_denied("a.b.c.d.corp", type::a, "NXDOMAIN", 60);
  expect_denied("i9.web.corp", type::a, "NXDOMAIN", 1);
  expect_denied("x.i1.web.corp", type::a, "NXDOMAIN", 60);
  expect_denied("_web._udp.corp", type::srv, "NXDOMAIN", 1);
  expect_denied("_nope._tcp.web.corp", type::srv, "NXDOMAIN", 1);
  expect_denied("web.corp", type::txt, "NOERROR", 5);
  expect_denied("web.corp", type::soa, "NOERROR", 5);
  expect_denied("web.corp", type::ns, "NOERROR", 5);
  expect_denied("web.corp", 65280, "NOERROR", 5);
  expect_denied("web.corp", type::ptr, "NOERROR", 5);
  expect_denied("i1.web.corp", type::txt, "NOERROR", 5);
  expect_denied("_tag.web.corp", type::a, "NOERROR", 5);
  expect_denied("pin._zone.web.corp", type::a, "NOERROR", 5);
  expect_denied("_tcp.web.corp", type::a, "NXDOMAIN", 1);
  expect_denied("_tcp.corp", type::a, "NOERROR", 60);
  expect_denied("corp", type::a, "NOERROR", 60);
  expect_denied("ns.corp", type::txt, "NOERROR", 60);
}

TEST_F(Service, AnswersAnInstanceWhateverItsHealthUntilItIsGone) {
  world.put("web.corp", checked({.id = "i1", .v4 = "10.0.0.1", .port = 80}));
  EXPECT_THAT(data(world.ask("i1.web.corp", type::a).answer, "A"), ElementsAre("10.0.0.1"));
  EXPECT_THAT(data(world.ask("i1.web.corp", type::srv).answer, "SRV"), ElementsAre("1 10 80 i1.web.corp."));
  EXPECT_THAT(world.ask("web.corp", type::a).answer, IsEmpty());
  world.probe("web.corp", "i1", Verdict::ok);
  EXPECT_THAT(world.ask("web.corp", type::a).answer, SizeIs(1));
  world.remove("web.corp", "i1");
  expect_denied("i1.web.corp", type::a, "NXDOMAIN", 1);
}

TEST_F(Service, ServesNamedPortsBesideTheDefaultOne) {
  auto def = instance({.id = "i1", .v4 = "10.0.0.1", .v6 = "::2", .port = 8080});
  def.ports["http"] = {8080, {}, {}};
  def.ports["metrics"] = {9090, {}, {}};
  def.ports["stats"] = {9091, {false, true}, {}};
  world.put("web.corp", def);
  EXPECT_THAT(data(world.ask("_http._tcp.web.corp", type::srv).answer, "SRV"), ElementsAre("1 10 8080 i1.web.corp."));
  const auto m = world.ask("_metrics._TCP.web.corp", type::srv);
  EXPECT_THAT(data(m.answer, "SRV"), ElementsAre("1 10 9090 i1.web.corp."));
  EXPECT_THAT(m.additional, SizeIs(2));
  EXPECT_THAT(data(world.ask("_stats._udp.web.corp", type::srv).answer, "SRV"), ElementsAre("1 10 9091 i1.web.corp."));
  expect_denied("_stats._tcp.web.corp", type::srv, "NXDOMAIN", 1);
  expect_denied("_tcp.web.corp", type::a, "NOERROR", 5);
  EXPECT_THAT(data(world.ask("_web._tcp.corp", type::srv).answer, "SRV"), ElementsAre("1 10 8080 i1.web.corp."));
}

TEST_F(Service, WithoutAPortHasAddressesOnly) {
  world.put("web.corp", Given{.id = "i1", .v4 = "10.0.0.1"});
  expect_denied("web.corp", type::srv, "NOERROR", 5);
  expect_denied("_web._tcp.corp", type::srv, "NXDOMAIN", 1);
  EXPECT_THAT(world.ask("web.corp", type::a).answer, SizeIs(1));
}

TEST_F(Service, KeepsPriorityAndWeightInSrvAndAnswersTheBestTierOnly) {
  world.put("web.corp", Given{.id = "a", .v4 = "10.0.0.1", .port = 80, .priority = 2, .weight = 0});
  world.put("web.corp", Given{.id = "b", .v6 = "::1", .port = 80, .priority = 1});
  world.put("web.corp", Given{.id = "c", .v4 = "10.0.0.3", .port = 80, .priority = 2});
  EXPECT_THAT(data(world.ask("web.corp", type::srv).answer, "SRV"),
              ElementsAre("1 10 80 b.web.corp.", "2 0 80 a.web.corp.", "2 10 80 c.web.corp."));
  EXPECT_THAT(world.ask("web.corp", type::aaaa).answer, SizeIs(1));
  expect_denied("web.corp", type::a, "NOERROR", 5);  // the tier is chosen over both families
}

TEST_F(Service, SaysWhyWhenNothingIsAvailable) {
  world.service("web.corp");
  auto m = world.ask("web.corp", type::a, {.edns = true});
  EXPECT_EQ(m.rcode, "NOERROR");
  ASSERT_THAT(m.errors, SizeIs(1));
  EXPECT_EQ(m.errors[0].text, "no instances");
  world.put("web.corp", checked({.id = "i1", .v4 = "10.0.0.1", .port = 80}));
  m = world.ask("web.corp", type::srv, {.edns = true});
  ASSERT_THAT(m.errors, SizeIs(1));
  EXPECT_EQ(m.errors[0].text, "no available instances");
  EXPECT_THAT(m.authority, SizeIs(1));
}

TEST_F(Service, OnEmptyServfailAndFailOpen) {
  registry::ServicePolicy policy;
  policy.on_empty = registry::OnEmpty::servfail;
  world.service("web.corp", policy);
  world.put("web.corp", checked({.id = "i1", .v4 = "10.0.0.1", .port = 80}));
  for (const auto qtype : {type::a, type::aaaa, type::srv}) {
    const auto m = world.ask("web.corp", qtype, {.edns = true});
    EXPECT_EQ(m.rcode, "SERVFAIL");
    EXPECT_THAT(m.errors, SizeIs(1));
  }
  EXPECT_EQ(world.ask("i1.web.corp", type::a).rcode, "NOERROR");
  EXPECT_EQ(world.ask("web.corp", type::txt).rcode, "NOERROR");

  policy.on_empty = registry::OnEmpty::fail_open;
  world.service("open.corp", policy);
  world.put("open.corp", checked({.id = "once", .v4 = "10.0.0.1", .port = 80}));
  world.put("open.corp", checked({.id = "never", .v4 = "10.0.0.2", .port = 80}));
  world.probe("open.corp", "once", Verdict::ok);
  world.probe("open.corp", "once", Verdict::failed, 3);
  const auto m = world.ask("open.corp", type::a, {.edns = true});
  EXPECT_THAT(data(m.answer, "A"), ElementsAre("10.0.0.1"));
  ASSERT_THAT(m.errors, SizeIs(1));
  EXPECT_THAT(m.errors[0].text, testing::StartsWith("fail-open"));
  EXPECT_EQ(world.responder().counters().fail_open.load(), 1U);
}

TEST_F(Service, CutsTheTtlAtTheHorizon) {
  registry::ServicePolicy policy;
  policy.ttl = Millis(30'000);
  world.service("web.corp", policy);
  world.put("web.corp", checked({.id = "i1", .v4 = "10.0.0.1", .port = 80}));
  world.probe("web.corp", "i1", Verdict::ok);
  world.probe("web.corp", "i1", Verdict::failed);
  for (const auto qtype : {type::a, type::srv}) {
    const auto m = world.ask("web.corp", qtype);
    ASSERT_THAT(m.answer, SizeIs(1));
    EXPECT_EQ(m.answer[0].ttl, 10U);  // 5 s x 2 further failures
  }
  world.pass(Millis(9'700));
  EXPECT_EQ(world.ask("web.corp", type::a).answer[0].ttl, 1U);  // never below min_ttl
  EXPECT_EQ(world.ask("i1.web.corp", type::a).answer[0].ttl, 30U);
}

TEST_F(Service, FollowsALeaseToItsEnd) {
  auto def = instance({.id = "i1", .v4 = "10.0.0.1"});
  registry::CheckDef lease;
  lease.name = "lease";
  lease.kind = registry::CheckKind::heartbeat;
  lease.lease = Millis(10'000);
  def.checks.push_back(lease);
  world.put("web.corp", def);
  EXPECT_EQ(world.ask("web.corp", type::a).answer[0].ttl, 5U);
  world.pass(Millis(6'500));
  EXPECT_EQ(world.ask("web.corp", type::a).answer[0].ttl, 3U);
  world.pass(Millis(3'600));
  world.published(world.registry.advance(world.now));
  EXPECT_THAT(world.ask("web.corp", type::a).answer, IsEmpty());
  world.published(*world.registry.heartbeat("web.corp", "i1", "lease", {}, "", world.now));
  EXPECT_THAT(world.ask("web.corp", type::a).answer, SizeIs(1));
}

TEST_F(Service, AnswersInTheApexThatWasAsked) {
  world.put("web.corp", Given{.id = "i1", .v4 = "10.0.0.1", .port = 80});
  const auto m = world.ask("web.alt", type::srv);
  EXPECT_THAT(data(m.answer, "SRV"), ElementsAre("1 10 80 i1.web.alt."));
  EXPECT_EQ(m.additional[0].name, "i1.web.alt.");
  expect_denied("nope.alt", type::a, "NXDOMAIN", 1, "alt.");
  EXPECT_THAT(world.ask("i1._web._tcp.alt", type::srv).answer, SizeIs(1));
  EXPECT_EQ(data(world.ask("alt", type::soa).answer, "SOA")[0].substr(0, 24), "ns.alt. hostmaster.alt. ");
}

TEST_F(Service, ChasesAliasesInOrderAndOnlyWhereTheyAreOurs) {
  world.put("web.corp", Given{.id = "i1", .v4 = "10.0.0.1"});
  registry::ServicePolicy policy;
  policy.alias = "web.corp";
  world.service("b.corp", policy);
  policy.alias = "b.corp";
  world.service("a.corp", policy);
  policy.alias = "www.example.net";
  world.service("far.corp", policy);
  policy.alias = "gone.corp";
  world.service("lost.corp", policy);
  auto m = world.ask("a.corp", type::a);
  ASSERT_THAT(m.answer, SizeIs(3));
  EXPECT_EQ(m.answer[0], (answers::ShownRecord{"a.corp.", "CNAME", 5, "b.corp."}));
  EXPECT_EQ(m.answer[1], (answers::ShownRecord{"b.corp.", "CNAME", 5, "web.corp."}));
  EXPECT_EQ(m.answer[2], (answers::ShownRecord{"web.corp.", "A", 5, "10.0.0.1"}));
  EXPECT_THAT(world.ask("a.corp", type::cname).answer, SizeIs(1));
  m = world.ask("far.corp", type::a);
  EXPECT_EQ(m.rcode, "NOERROR");
  EXPECT_THAT(m.answer, SizeIs(1));
  m = world.ask("lost.corp", type::a);
  EXPECT_EQ(m.rcode, "NXDOMAIN");  // of the last name, RFC 6604
  EXPECT_THAT(m.answer, SizeIs(1));
  EXPECT_THAT(m.authority, SizeIs(1));
  expect_denied("x.a.corp", type::a, "NXDOMAIN", 1);
}

TEST_F(Service, CutsALongChainAndALoop) {
  registry::ServicePolicy policy;
  for (int i = 0; i < 12; ++i) {
    policy.alias = "c" + std::to_string(i + 1) + ".corp";
    world.service("c" + std::to_string(i) + ".corp", policy);
  }
  EXPECT_THAT(world.ask("c0.corp", type::a).answer, SizeIs(9));  // 8 chased after the first
  policy.alias = "y.corp";
  world.service("x.corp", policy);
  policy.alias = "x.corp";
  world.service("y.corp", policy);
  const auto m = world.ask("x.corp", type::a);
  EXPECT_EQ(m.rcode, "NOERROR");
  EXPECT_THAT(m.answer, SizeIs(2));
}

TEST_F(Service, ResolvesHostNamesToAddressesAndTargetsTheHost) {
  world.put("web.corp", Given{.id = "i1", .port = 80, .host = "h.example.net"});
  world.put("web.corp", Given{.id = "i2", .v4 = "10.0.0.2", .port = 80});
  EXPECT_THAT(data(world.ask("web.corp", type::a).answer, "A"), ElementsAre("10.0.0.2"));
  registry::Addresses addresses;
  addresses.v4 = registry::parse_ipv4("192.0.2.9");
  world.published(world.registry.observe_host("web.corp", "i1", addresses, world.now.mono + Millis(3'000), world.now));
  const auto m = world.ask("web.corp", type::a);
  EXPECT_THAT(data(m.answer, "A"), ElementsAre("10.0.0.2", "192.0.2.9"));
  EXPECT_EQ(m.answer[0].ttl, 3U);
  const auto srv = world.ask("web.corp", type::srv);
  EXPECT_THAT(data(srv.answer, "SRV"), ElementsAre("1 10 80 h.example.net.", "1 10 80 i2.web.corp."));
  EXPECT_THAT(srv.additional, SizeIs(1));
  EXPECT_EQ(world.ask("i1.web.corp", type::a).answer[0].ttl, 3U);
}

TEST_F(Service, PublishesACnameToTheHostForEveryType) {
  registry::ServicePolicy policy;
  policy.publish = registry::Publish::cname;
  world.service("web.corp", policy);
  world.put("web.corp", Given{.id = "i1", .port = 80, .host = "h.example.net"});
  for (const auto qtype : {type::a, type::srv, type::txt, type::cname, type::any}) {
    EXPECT_THAT(data(world.ask("web.corp", qtype).answer, "CNAME"), ElementsAre("h.example.net."));
  }
}

TEST_F(Service, AnswersMetaAsTxt) {
  registry::ServicePolicy policy;
  policy.meta = {{"team", "blue"}};
  world.service("web.corp", policy);
  world.put("web.corp", Given{.id = "i1", .v4 = "10.0.0.1", .port = 80, .meta = {{"a=a", "true"}, {" b`", "x"}}});
  EXPECT_THAT(data(world.ask("web.corp", type::txt).answer, "TXT"), ElementsAre("\"team=blue\""));
  EXPECT_THAT(data(world.ask("i1.web.corp", type::txt).answer, "TXT"), ElementsAre("\"` b``=x\"", "\"a`=a=true\""));
  EXPECT_THAT(data(world.ask("i1._web._tcp.corp", type::txt).answer, "TXT"), ElementsAre("\" b`=x\""));
}

TEST_F(Service, TellsItsStatus) {
  world.put("web.corp", Given{.id = "i1", .v4 = "10.0.0.1"});
  world.put("web.corp", checked({.id = "i2", .v4 = "10.0.0.2"}));
  const auto m = world.ask("_status.web.corp", type::txt);
  ASSERT_THAT(m.answer, SizeIs(1));
  EXPECT_EQ(m.answer[0].ttl, 1U);
  EXPECT_EQ(m.answer[0].data,
            "\"available=1 total=2 revision=" + std::to_string(world.registry.find_service("web.corp")->index) + "\"");
}

TEST_F(Service, IsBrowsableByDnsSd) {
  world.put("web.corp", Given{.id = "i1", .v4 = "10.0.0.1", .port = 80, .meta = {{"k", "v"}}});
  world.put("web.corp", checked({.id = "i2", .v4 = "10.0.0.2", .port = 80}));
  expect_denied("i3.web.corp", type::ptr, "NXDOMAIN", 1);
  auto m = world.ask("_services._dns-sd._udp.corp", type::ptr);
  EXPECT_THAT(data(m.answer, "PTR"), ElementsAre("_web._tcp.corp."));
  m = world.ask("_web._tcp.corp", type::ptr);
  EXPECT_THAT(data(m.answer, "PTR"), ElementsAre("i1._web._tcp.corp."));
  ASSERT_THAT(m.additional, SizeIs(3));
  EXPECT_EQ(m.additional[0].name, "i1._web._tcp.corp.");
  EXPECT_EQ(m.additional[0].data, "1 10 80 i1.web.corp.");
  EXPECT_EQ(m.additional[1].data, "\"k=v\"");
  // i2 may come any moment: what comes along with the list ends with it.
  EXPECT_EQ(m.additional[2], (answers::ShownRecord{"i1.web.corp.", "A", 1, "10.0.0.1"}));
  EXPECT_THAT(data(world.ask("i2._web._tcp.corp", type::srv).answer, "SRV"), ElementsAre("1 10 80 i2.web.corp."));
  EXPECT_THAT(data(world.ask("i2._web._tcp.corp", type::txt).answer, "TXT"), ElementsAre("\"\""));
  expect_denied("i3._web._tcp.corp", type::srv, "NXDOMAIN", 1);
}

TEST_F(Service, AnyIsHinfo) {
  world.put("web.corp", Given{.id = "i1", .v4 = "10.0.0.1"});
  EXPECT_THAT(data(world.ask("web.corp", type::any).answer, "HINFO"), ElementsAre("\"RFC8482\" \"\""));
  EXPECT_EQ(world.ask("nope.corp", type::any).rcode, "NXDOMAIN");
}

TEST_F(Service, ForgetsANamespaceThatIsDeleted) {
  world.add_namespace("lab");
  world.put("web.lab", Given{.id = "i1", .v4 = "10.0.0.1"});
  EXPECT_THAT(world.ask("web.lab", type::a).answer, SizeIs(1));
  world.effect(registry::DeleteInstanceEffect{"web.lab", "i1"});
  world.effect(registry::DeleteServiceEffect{"web.lab"});
  world.effect(registry::DeleteNamespaceEffect{"lab"});
  EXPECT_EQ(world.ask("web.lab", type::a).rcode, "REFUSED");
  EXPECT_EQ(world.ask("corp", type::soa).rcode, "NOERROR");
}

TEST_F(Service, DrainNamesTheLastAnswer) {
  world.put("web.corp", Given{.id = "i1", .v4 = "10.0.0.1"});
  EXPECT_EQ(world.publisher.last_answered("web.corp"), std::nullopt);
  (void)world.ask("web.alt", type::a);
  EXPECT_EQ(world.publisher.last_answered("web.corp"), world.now.mono + 2 * answers::kTick);
  world.publisher.publish_all(world.registry, world.now);  // a reload does not forget
  EXPECT_EQ(world.publisher.last_answered("web.corp"), world.now.mono + 2 * answers::kTick);
}

TEST_F(Service, DirectRecordsOfADrainingInstanceEndAtItsSafeAfter) {
  world.put("web.corp", Given{.id = "i1", .v4 = "10.0.0.1", .port = 80});
  world.effect(registry::DrainEffect{"web.corp", "i1", world.now.wall, world.now.wall + Millis(3'200)});
  EXPECT_EQ(world.ask("i1.web.corp", type::a).answer.at(0).ttl, 3U);
  EXPECT_EQ(world.ask("i1._web._tcp.corp", type::srv).answer.at(0).ttl, 2U);  // its target lives 1 s longer
  EXPECT_THAT(world.ask("web.corp", type::a).answer, IsEmpty());
}

TEST_F(Service, FindsEveryOneOfVeryManyNamedPorts) {
  World many;
  many.add_namespace("corp");
  constexpr int kInstances = 1'100, kPorts = 60;  // more names than 16 bits count
  for (int i = 0; i < kInstances; ++i) {
    auto def = instance({.id = "i" + std::to_string(i), .v4 = "10.0.0.1"});
    for (int p = 0; p < kPorts; ++p) def.ports["p" + std::to_string(i * kPorts + p)] = {9, {p % 2 == 0, true}, {}};
    many.put("web.corp", def);
  }
  many.start();
  for (int p = 0; p < kInstances * kPorts; p += 999) {
    const std::string port = "_p" + std::to_string(p);
    EXPECT_THAT(many.ask(port + "._udp.web.corp", type::srv).answer, SizeIs(1)) << p;
    EXPECT_THAT(many.ask(port + "._tcp.web.corp", type::srv).answer, SizeIs(p % 2 == 0 ? 1 : 0)) << p;
    EXPECT_EQ(many.ask(port + "x._udp.web.corp", type::srv).rcode, "NXDOMAIN") << p;
  }
}

}  // namespace
}  // namespace dnsd::serve::test
