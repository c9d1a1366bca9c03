// Apexes, static records, reverse zones.
#include <gmock/gmock.h>

#include "dnsd/serve/test_world.h"

namespace dnsd::serve::test {
namespace {

using answers::ShownRecord;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
namespace type = wire::type;

answers::PublisherOptions with_reverse() {
  answers::PublisherOptions options;
  options.listen_addresses = {"127.0.0.1", "::1", "0.0.0.0"};
  for (const char* prefix : {"10.0.0.0/8", "2001:db8::/32"})
    options.reverse.push_back({*registry::parse_prefix(prefix)});
  return options;
}

class Zone : public testing::Test {
 protected:
  void SetUp() override {
    world.publisher.set_static_zones(
        {zone_of("corp",
                 "@ MX 10 mail\nmail A 192.0.2.25\nmail AAAA 2001:db8::25\nwww CNAME mail\n"
                 "far CNAME www.example.org.\n_sip._udp SRV 0 0 5060 mail\ndeep.er TXT \"x\"\n"
                 "_db._tcp SRV 0 0 5432 gone\nloop CNAME pool\npool CNAME loop\n",
                 true)},
        {zone_of("example.com",
                 "@ 3600 SOA ns1 host 2026010101 3600 600 86400 120\n@ NS ns1\nns1 A 192.0.2.1\n"
                 "www A 192.0.2.80\nbig TXT \"a\" \"\" \"b c\"\nhop CNAME www\n",
                 false)});
    world.add_namespace("corp");
    world.start();
  }
  void expect_denied(std::string_view qname, std::uint16_t qtype, std::string_view rcode, std::uint32_t ttl,
                     std::string_view soa_owner) {
    const auto m = world.ask(qname, qtype);
    EXPECT_EQ(m.rcode, rcode) << qname;
    ASSERT_THAT(m.authority, SizeIs(1)) << qname;
    EXPECT_EQ(m.authority[0].name, soa_owner) << qname;
    EXPECT_EQ(m.authority[0].ttl, ttl) << qname;
  }
  World world{with_reverse()};
};

TEST_F(Zone, ApexHasSoaInTheAnswerWithATtlOfOneSecond) {
  const auto m = world.ask("corp", type::soa);
  ASSERT_THAT(m.answer, SizeIs(1));
  EXPECT_THAT(m.authority, IsEmpty());
  EXPECT_EQ(m.answer[0].ttl, 1U);
  const auto serial = std::to_string(world.registry.find_namespace("corp")->serial);
  EXPECT_EQ(m.answer[0].data, "ns.corp. hostmaster.corp. " + serial + " 60 10 86400 60");
}

TEST_F(Zone, SerialMovesWithARegistration) {
  const auto before = data(world.ask("corp", type::soa).answer, "SOA");
  world.put("web.corp", Given{.id = "i1", .v4 = "10.0.0.1"});
  EXPECT_NE(data(world.ask("corp", type::soa).answer, "SOA"), before);
}

TEST_F(Zone, ApexNamesItsServerAndTheServersAddresses) {
  const auto m = world.ask("corp", type::ns);
  EXPECT_THAT(data(m.answer, "NS"), ElementsAre("ns.corp."));
  EXPECT_THAT(data(m.additional, "A"), ElementsAre("127.0.0.1"));
  EXPECT_THAT(data(m.additional, "AAAA"), ElementsAre("::1"));
  EXPECT_THAT(data(world.ask("ns.corp", type::a).answer, "A"), ElementsAre("127.0.0.1"));
}

TEST_F(Zone, ConfiguredNameServersReplaceTheDefault) {
  registry::NamespaceDef def;
  def.name = name("lab");
  def.ns = {"ns1.example.com", "ns2.example.net"};
  world.effect(registry::PutNamespaceEffect{def});
  EXPECT_THAT(data(world.ask("lab", type::ns).answer, "NS"), ElementsAre("ns1.example.com.", "ns2.example.net."));
  EXPECT_THAT(data(world.ask("lab", type::ns).additional, "A"), ElementsAre("192.0.2.1"));
  expect_denied("ns.lab", type::a, "NXDOMAIN", 60, "lab.");
  def.ns = {};
  def.ttl = Millis(7'000);
  world.effect(registry::PutNamespaceEffect{def});
  EXPECT_THAT(data(world.ask("lab", type::ns).answer, "NS"), ElementsAre("ns.lab."));
  EXPECT_EQ(world.ask("ns.lab", type::a).rcode, "NOERROR");
  world.put("web.lab", Given{.id = "i1", .v4 = "10.0.0.1"});
  EXPECT_EQ(world.ask("web.lab", type::a).answer.at(0).ttl, 7U);
}

TEST_F(Zone, ServesStaticRecordsBesideServices) {
  world.put("web.corp", Given{.id = "i1", .v4 = "10.0.0.1"});
  EXPECT_EQ(world.ask("mail.corp", type::a).answer.at(0), (ShownRecord{"mail.corp.", "A", 300, "192.0.2.25"}));
  const auto mx = world.ask("corp", type::mx);
  EXPECT_THAT(data(mx.answer, "MX"), ElementsAre("10 mail.corp."));
  EXPECT_THAT(mx.additional, SizeIs(2));
  const auto srv = world.ask("_sip._udp.corp", type::srv);
  EXPECT_THAT(data(srv.answer, "SRV"), ElementsAre("0 0 5060 mail.corp."));
  EXPECT_THAT(srv.additional, SizeIs(2));
  const auto www = world.ask("www.corp", type::a);
  EXPECT_THAT(data(www.answer, "CNAME"), ElementsAre("mail.corp."));
  EXPECT_THAT(data(www.answer, "A"), ElementsAre("192.0.2.25"));
  EXPECT_THAT(world.ask("far.corp", type::a).answer, SizeIs(1));
  EXPECT_THAT(world.ask("loop.corp", type::a).answer, SizeIs(2));
  expect_denied("er.corp", type::a, "NOERROR", 60, "corp.");
  expect_denied("x.mail.corp", type::a, "NXDOMAIN", 60, "corp.");
  expect_denied("mail.corp", type::txt, "NOERROR", 60, "corp.");
}

TEST_F(Zone, FindsServicesByProtocolBesideStaticOwnersThere) {
  world.put("web.corp", Given{.id = "i1", .v4 = "10.0.0.1", .port = 80});
  EXPECT_THAT(data(world.ask("_web._tcp.corp", type::srv).answer, "SRV"), ElementsAre("1 10 80 i1.web.corp."));
  EXPECT_THAT(data(world.ask("_db._tcp.corp", type::srv).answer, "SRV"), ElementsAre("0 0 5432 gone.corp."));
  expect_denied("_no._tcp.corp", type::srv, "NXDOMAIN", 1, "corp.");
}

TEST_F(Zone, StandAloneZoneShowsItsOwnSoa) {
  EXPECT_THAT(data(world.ask("example.com", type::soa).answer, "SOA"),
              ElementsAre("ns1.example.com. host.example.com. 2026010101 3600 600 86400 120"));
  EXPECT_EQ(world.ask("example.com", type::soa).answer[0].ttl, 3600U);
  expect_denied("nope.example.com", type::a, "NXDOMAIN", 120, "example.com.");
  EXPECT_THAT(data(world.ask("hop.example.com", type::a).answer, "A"), ElementsAre("192.0.2.80"));
  EXPECT_THAT(data(world.ask("big.example.com", type::txt).answer, "TXT"), ElementsAre("\"a\" \"\" \"b c\""));
  EXPECT_THAT(data(world.ask("example.com", type::ns).additional, "A"), ElementsAre("192.0.2.1"));
}

TEST_F(Zone, RefusesWhatIsNotOurs) {
  for (const char* foreign : {"example.org", "com", ".", "arpa", "11.in-addr.arpa"}) {
    const auto m = world.ask(foreign, type::a, {.edns = true});
    EXPECT_EQ(m.rcode, "REFUSED") << foreign;
    EXPECT_FALSE(m.aa);
    EXPECT_THAT(m.authority, IsEmpty());
    ASSERT_THAT(m.errors, SizeIs(1));
    EXPECT_EQ(m.errors[0].code, 20);
  }
}

TEST_F(Zone, TheDeepestZoneAnswers) {
  world.put("web.corp", Given{.id = "i1", .v4 = "10.0.0.1"});
  world.add_namespace("b.corp");
  expect_denied("nope.b.corp", type::a, "NXDOMAIN", 1, "b.corp.");
  world.put("web.b.corp", Given{.id = "i1", .v4 = "10.0.0.2"});
  EXPECT_THAT(data(world.ask("web.b.corp", type::a).answer, "A"), ElementsAre("10.0.0.2"));
  world.add_namespace("x.y.zz");
  expect_denied("a.x.y.zz", type::a, "NXDOMAIN", 1, "x.y.zz.");
  EXPECT_EQ(world.ask("y.zz", type::a).rcode, "REFUSED");
  world.add_namespace("zz");  // around names that exist already
  expect_denied("y.zz", type::a, "NOERROR", 60, "zz.");
  expect_denied("a.x.y.zz", type::a, "NXDOMAIN", 1, "x.y.zz.");
}

TEST_F(Zone, ReverseNamesFollowTheRegistrations) {
  world.put("web.corp", Given{.id = "i1", .v4 = "10.0.0.1", .v6 = "2001:db8::1"});
  world.put("web.corp", Given{.id = "i2", .v4 = "192.0.2.1"});
  world.put("db.corp", Given{.id = "d", .v4 = "10.0.0.1"});
  const auto m = world.ask("1.0.0.10.in-addr.arpa", type::ptr);
  EXPECT_TRUE(m.aa);
  EXPECT_THAT(data(m.answer, "PTR"), ElementsAre("d.db.corp.", "i1.web.corp."));
  EXPECT_EQ(m.answer[0].ttl, 5U);
  EXPECT_THAT(
      data(world.ask("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", type::ptr).answer,
           "PTR"),
      ElementsAre("i1.web.corp."));
  expect_denied("1.0.0.10.in-addr.arpa", type::a, "NOERROR", 60, "10.in-addr.arpa.");
  expect_denied("0.10.in-addr.arpa", type::ptr, "NOERROR", 60, "10.in-addr.arpa.");
  expect_denied("9.0.0.10.in-addr.arpa", type::ptr, "NXDOMAIN", 1, "10.in-addr.arpa.");
  expect_denied("300.0.0.10.in-addr.arpa", type::ptr, "NXDOMAIN", 60, "10.in-addr.arpa.");
  EXPECT_EQ(world.ask("1.2.0.192.in-addr.arpa", type::ptr).rcode, "REFUSED");
  EXPECT_THAT(world.ask("10.in-addr.arpa", type::soa).answer, SizeIs(1));
  world.remove("web.corp", "i1");
  EXPECT_THAT(data(world.ask("1.0.0.10.in-addr.arpa", type::ptr).answer, "PTR"), ElementsAre("d.db.corp."));
  world.remove("db.corp", "d");
  expect_denied("0.10.in-addr.arpa", type::ptr, "NXDOMAIN", 1, "10.in-addr.arpa.");
}

TEST_F(Zone, AServiceThatAStaticRecordShadowsIsNotAnswered) {
  world.put("mail2.corp", Given{.id = "i1", .v4 = "10.0.0.1"});
  world.published(world.registry.set_static_names("corp", {{"mail2.corp"}, 0}, world.now));
  EXPECT_EQ(world.ask("mail2.corp", type::a).rcode, "NXDOMAIN");
  world.published(world.registry.set_static_names("corp", {}, world.now));
  EXPECT_THAT(world.ask("mail2.corp", type::a).answer, SizeIs(1));
}

TEST_F(Zone, ReloadReplacesStaticRecordsAndKeepsServices) {
  world.put("web.corp", Given{.id = "i1", .v4 = "10.0.0.1"});
  world.publisher.set_static_zones({zone_of("corp", "new A 192.0.2.77\n", true)}, {});
  world.publisher.publish_all(world.registry, world.now);
  EXPECT_THAT(world.ask("new.corp", type::a).answer, SizeIs(1));
  EXPECT_EQ(world.ask("mail.corp", type::a).rcode, "NXDOMAIN");
  EXPECT_EQ(world.ask("example.com", type::soa).rcode, "REFUSED");
  EXPECT_THAT(world.ask("web.corp", type::a).answer, SizeIs(1));
}

TEST(NotReady, IsServfailUntilTheFirstPublish) {
  World world;
  world.add_namespace("corp");
  const auto m = world.ask("web.corp", type::a, {.edns = true});
  EXPECT_EQ(m.rcode, "SERVFAIL");
  ASSERT_THAT(m.errors, SizeIs(1));
  EXPECT_EQ(m.errors[0].code, 14);
  world.start();
  EXPECT_EQ(world.ask("web.corp", type::a).rcode, "NXDOMAIN");
}

}  // namespace
}  // namespace dnsd::serve::test
