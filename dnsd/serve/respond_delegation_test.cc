// Delegations, glue, DS at the cut, zones inside zones, the root.
#include <gmock/gmock.h>

#include "dnsd/serve/test_world.h"

namespace dnsd::serve::test {
namespace {

using answers::ShownRecord;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;
namespace type = wire::type;

class Delegation : public testing::Test {
 protected:
  void SetUp() override {
    world.publisher.set_static_zones(
        {}, {zone_of("example.com",
                     kApexRecords +
                         "sub NS ns.sub\nsub NS ns.other\nsub NS ns1\nsub NS ns.far.test.\nns.sub A 192.0.2.10\n"
                         "ns.sub AAAA 2001:db8::10\nsub DS 1 8 2 " +
                         std::string(64, 'A') +
                         "\nother NS ns.other\nns.other A 192.0.2.20\nhidden.deep.sub TXT \"occluded\"\n"
                         "at NS at\nat A 192.0.2.30\nat TXT \"occluded too\"\nto CNAME www.sub\nmx MX 1 mail.sub\n"
                         "mail.sub A 192.0.2.11\nchild NS ns.child\nns.child A 192.0.2.40\nchild DS 2 8 2 " +
                         std::string(64, 'B') + "\n"),
             zone_of("child.example.com", kApexRecords + "www A 192.0.2.41\n"),
             zone_of("x.y.sub.example.com", kApexRecords)});
    world.start();
  }
  void expect_referral(std::string_view qname, std::uint16_t qtype, std::string_view cut) {
    const auto m = world.ask(qname, qtype);
    EXPECT_EQ(m.rcode, "NOERROR") << qname;
    EXPECT_FALSE(m.aa) << qname;
    EXPECT_THAT(m.answer, IsEmpty()) << qname;
    ASSERT_FALSE(m.authority.empty()) << qname;
    for (const auto& r : m.authority) {
      EXPECT_EQ(r.type, "NS") << qname;
      EXPECT_EQ(r.name, cut) << qname;
    }
  }
  World world;
};

TEST_F(Delegation, RefersWhateverIsAskedAtOrBelowTheCut) {
  for (const char* name : {"sub.example.com", "www.sub.example.com", "ns.sub.example.com", "deep.sub.example.com",
                           "hidden.deep.sub.example.com", "a.b.c.d.sub.example.com"}) {
    for (const auto t : {type::a, type::aaaa, type::ns, type::soa, type::txt, type::any}) {
      expect_referral(name, t, "sub.example.com.");
    }
  }
  expect_referral("at.example.com", type::txt, "at.example.com.");
  expect_referral("at.example.com", type::a, "at.example.com.");
}

TEST_F(Delegation, BringsTheGlueOfTheCutThenTheOneBesideIt) {
  const auto m = world.ask("www.sub.example.com", type::a);
  EXPECT_THAT(lines(m.authority),
              ElementsAre("sub.example.com. NS ns.sub.example.com.", "sub.example.com. NS ns.other.example.com.",
                          "sub.example.com. NS ns1.example.com.", "sub.example.com. NS ns.far.test."));
  EXPECT_THAT(lines(m.additional),
              ElementsAre("ns.sub.example.com. A 192.0.2.10", "ns.sub.example.com. AAAA 2001:db8::10",
                          "ns.other.example.com. A 192.0.2.20", "ns1.example.com. A 192.0.2.1"));
  EXPECT_THAT(lines(world.ask("at.example.com", type::a).additional), ElementsAre("at.example.com. A 192.0.2.30"));
}

TEST_F(Delegation, AnswersDsAtTheCutItself) {
  const auto m = world.ask("sub.example.com", type::ds);
  EXPECT_TRUE(m.aa);
  EXPECT_THAT(data(m.answer, "DS"), SizeIs(1));
  const auto none = world.ask("other.example.com", type::ds);
  EXPECT_TRUE(none.aa);
  EXPECT_EQ(none.rcode, "NOERROR");
  EXPECT_THAT(data(none.authority, "SOA"), SizeIs(1));
  expect_referral("www.sub.example.com", type::ds, "sub.example.com.");
}

TEST_F(Delegation, AChainThatEndsBelowACutEndsInTheReferral) {
  const auto m = world.ask("to.example.com", type::a);
  EXPECT_TRUE(m.aa) << "the first owner is ours";
  EXPECT_THAT(data(m.answer, "CNAME"), ElementsAre("www.sub.example.com."));
  EXPECT_THAT(data(m.authority, "NS"), SizeIs(4));
}

TEST_F(Delegation, GlueIsNoAnswersAdditionalData) {
  const auto m = world.ask("mx.example.com", type::mx);
  EXPECT_THAT(m.answer, SizeIs(1));
  EXPECT_THAT(m.additional, IsEmpty());
}

TEST_F(Delegation, AZoneOfOursInsideAnotherAnswersAndItsParentKeepsTheDs) {
  EXPECT_THAT(data(world.ask("www.child.example.com", type::a).answer, "A"), ElementsAre("192.0.2.41"));
  EXPECT_THAT(data(world.ask("child.example.com", type::ns).answer, "NS"), ElementsAre("ns1.child.example.com."));
  const auto ds = world.ask("child.example.com", type::ds);
  EXPECT_TRUE(ds.aa);
  EXPECT_THAT(data(ds.answer, "DS"), SizeIs(1));
  const auto none = world.ask("example.com", type::ds);  // com is not ours
  EXPECT_EQ(none.authority.at(0).name, "example.com.");
}

TEST_F(Delegation, AZoneBelowACutIsServedAndTheNamesBetweenAreReferred) {
  EXPECT_THAT(world.ask("x.y.sub.example.com", type::soa).answer, SizeIs(1));
  EXPECT_EQ(world.ask("n.x.y.sub.example.com", type::a).rcode, "NXDOMAIN");
  expect_referral("y.sub.example.com", type::a, "sub.example.com.");
  expect_referral("z.y.sub.example.com", type::a, "sub.example.com.");
  expect_referral("x.y.sub.example.com", type::ds, "sub.example.com.");
}

TEST_F(Delegation, ANamespaceTakesTheNamesOfItsDelegationAndGivesThemBack) {
  world.add_namespace("sub.example.com");
  world.put("www.sub.example.com", Given{.id = "i1", .v4 = "10.0.0.1"});
  EXPECT_THAT(data(world.ask("www.sub.example.com", type::a).answer, "A"), ElementsAre("10.0.0.1"));
  EXPECT_EQ(world.ask("ns9.sub.example.com", type::a).rcode, "NXDOMAIN");
  EXPECT_THAT(data(world.ask("sub.example.com", type::ds).answer, "DS"), SizeIs(1)) << "the parent's";
  world.effect(registry::DeleteInstanceEffect{"www.sub.example.com", "i1"});
  world.effect(registry::DeleteServiceEffect{"www.sub.example.com"});
  world.effect(registry::DeleteNamespaceEffect{"sub.example.com"});
  expect_referral("www.sub.example.com", type::a, "sub.example.com.");
}

TEST(Glue, OfTheCutThatDoesNotFitSetsTcAndTheOneBesideItDoesNot) {
  World world;
  const auto many = [](const std::string& cut, const std::string& of) {
    std::string text;
    for (int i = 0; i < 9; ++i) {
      const auto server = "name-server-number-" + std::to_string(i) + "." + of;
      text += cut + " NS " + server + "\n" + server + " A 192.0.2.1\n" + server + " AAAA 2001:db8::1\n";
    }
    return text;
  };
  world.publisher.set_static_zones(
      {}, {zone_of("example.com", kApexRecords + many("in", "in") + many("beside", "in") + "in NS more\n")});
  world.start();
  const auto in = world.ask("www.in.example.com", type::a);
  EXPECT_TRUE(in.tc) << "RFC 9471 3.1";
  EXPECT_LE(world.last.size(), 512U);
  const auto beside = world.ask("www.beside.example.com", type::a);
  EXPECT_FALSE(beside.tc);
  EXPECT_THAT(data(beside.authority, "NS"), SizeIs(9));
  const auto tcp = world.ask("www.in.example.com", type::a, {.tcp = true});
  EXPECT_FALSE(tcp.tc);
  EXPECT_THAT(tcp.additional, SizeIs(18));
}

TEST(Root, IsAZoneLikeOthersAroundAllOfThem) {
  World world;
  world.publisher.set_static_zones({},
                                   {zone_of(".",
                                            "@ 3600 SOA a.root. host 7 1 1 1 60\n@ NS a.root.\na.root. A 192.0.2.1\n"
                                            "com NS ns.com\nns.com A 192.0.2.2\n*.wild TXT \"w\"\n"),
                                    zone_of("example.org", kApexRecords)});
  world.add_namespace("corp");
  world.put("web.corp", Given{.id = "i1", .v4 = "10.0.0.1"});
  world.start();
  EXPECT_THAT(data(world.ask(".", type::ns).answer, "NS"), ElementsAre("a.root."));
  EXPECT_THAT(data(world.ask(".", type::soa).answer, "SOA"), SizeIs(1));
  EXPECT_THAT(data(world.ask(".", type::ns).additional, "A"), ElementsAre("192.0.2.1"));
  const auto none = world.ask("nosuch", type::a);
  EXPECT_EQ(none.rcode, "NXDOMAIN");
  EXPECT_EQ(none.authority.at(0).name, ".");
  EXPECT_THAT(data(world.ask("www.example.com", type::a).authority, "NS"), ElementsAre("ns.com."));
  EXPECT_THAT(data(world.ask("a.wild", type::txt).answer, "TXT"), SizeIs(1));
  EXPECT_EQ(world.ask("org", type::a).authority.at(0).name, ".") << "above a zone of ours: exists";
  EXPECT_THAT(data(world.ask("web.corp", type::a).answer, "A"), ElementsAre("10.0.0.1"));
  EXPECT_EQ(world.ask("nope.example.org", type::a).authority.at(0).name, "example.org.");
  EXPECT_EQ(world.ask("corp", type::ds).authority.at(0).name, ".") << "DS is the parent's";
}

TEST(Additional, FollowsMxSrvAndSvcbTargetsOfOurs) {
  World world;
  world.publisher.set_static_zones(
      {}, {zone_of("example.com",
                   kApexRecords + "host A 192.0.2.7\nhost AAAA 2001:db8::7\nm MX 5 host\nnull MX 0 .\n"
                                  "_x._tcp SRV 0 0 80 host\ns SVCB 1 host\nself HTTPS 1 . alpn=h2\nself A 192.0.2.8\n"
                                  "alias HTTPS 0 host\ntwice MX 1 host\ntwice MX 2 HOST\n")});
  world.start();
  for (const auto& [name, t] : std::vector<std::pair<std::string, std::uint16_t>>{{"m.example.com", type::mx},
                                                                                  {"_x._tcp.example.com", type::srv},
                                                                                  {"s.example.com", type::svcb},
                                                                                  {"alias.example.com", type::https}}) {
    EXPECT_THAT(lines(world.ask(name, t).additional),
                ElementsAre("host.example.com. A 192.0.2.7", "host.example.com. AAAA 2001:db8::7"))
        << name;
  }
  EXPECT_THAT(lines(world.ask("self.example.com", type::https).additional),
              ElementsAre("self.example.com. A 192.0.2.8"));
  EXPECT_THAT(world.ask("null.example.com", type::mx).additional, IsEmpty());
  EXPECT_THAT(world.ask("twice.example.com", type::mx).additional, SizeIs(2));
}

}  // namespace
}  // namespace dnsd::serve::test
