// Wildcards (RFC 4592), DNAME (RFC 6672), chains of CNAMEs.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "dnsd/serve/test_world.h"

namespace dnsd::serve::test {
namespace {

using answers::ShownRecord;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
namespace type = wire::type;

// The zone of RFC 4592 2.2.1.
class Wildcard : public testing::Test {
 protected:
  void SetUp() override {
    world.publisher.set_static_zones(
        {}, {zone_of("example", kApexRecords + "*.example. TXT \"this is a wildcard\"\n*.example. MX 10 host1\n"
                                               "sub.*.example. TXT \"this is not a wildcard\"\nhost1 A 192.0.2.1\n"
                                               "_ssh._tcp.host1 SRV 0 0 22 host1\n_ssh._tcp.host2 SRV 0 0 22 host1\n"
                                               "subdel NS ns.example.com.\n*.w CNAME host1\n*.loop CNAME a.loop\n"
                                               "*.ent.ent2 A 192.0.2.9\nx.*.star A 192.0.2.5\n")});
    world.start();
  }
  World world;
};

TEST_F(Wildcard, SynthesisesAsInTheExamplesOfRfc4592) {
  const auto mx = world.ask("host3.example", type::mx);
  EXPECT_THAT(lines(mx.answer), ElementsAre("host3.example. MX 10 host1.example."));
  EXPECT_THAT(mx.additional, SizeIs(1));
  const auto none = world.ask("host3.example", type::a);
  EXPECT_EQ(none.rcode, "NOERROR") << "the wildcard is there, without this type";
  EXPECT_THAT(none.answer, IsEmpty());
  EXPECT_THAT(lines(world.ask("foo.bar.example", type::txt).answer),
              ElementsAre("foo.bar.example. TXT \"this is a wildcard\""));
  EXPECT_THAT(world.ask("host1.example", type::mx).answer, IsEmpty()) << "host1 exists";
  EXPECT_THAT(world.ask("sub.*.example", type::mx).answer, IsEmpty()) << "sub.* exists";
  EXPECT_EQ(world.ask("_telnet._tcp.host1.example", type::srv).rcode, "NXDOMAIN") << "_tcp.host1 exists, without *";
  EXPECT_FALSE(world.ask("host.subdel.example", type::a).aa) << "subdel exists: a referral";
  EXPECT_EQ(world.ask("ghost.*.example", type::mx).rcode, "NXDOMAIN") << "*.example exists, without *";
}

TEST_F(Wildcard, IsANameLikeOthersWhenAskedFor) {
  EXPECT_THAT(lines(world.ask("*.example", type::mx).answer), ElementsAre("*.example. MX 10 host1.example."));
  EXPECT_THAT(data(world.ask("sub.*.example", type::txt).answer, "TXT"), ElementsAre("\"this is not a wildcard\""));
}

TEST_F(Wildcard, KeepsTheSpellingOfTheQuestion) {
  EXPECT_THAT(lines(world.ask("HoSt3.eXample", type::txt).answer),
              ElementsAre("HoSt3.eXample. TXT \"this is a wildcard\""));
}

TEST_F(Wildcard, MayBeACname) {
  EXPECT_THAT(lines(world.ask("a.b.w.example", type::a).answer),
              ElementsAre("a.b.w.example. CNAME host1.example.", "host1.example. A 192.0.2.1"));
  EXPECT_THAT(lines(world.ask("a.w.example", type::cname).answer), ElementsAre("a.w.example. CNAME host1.example."));
  EXPECT_THAT(lines(world.ask("b.loop.example", type::a).answer),
              ElementsAre("b.loop.example. CNAME a.loop.example.", "a.loop.example. CNAME a.loop.example."));
}

TEST_F(Wildcard, EmptyNonTerminalsBlockItAndMayBeIt) {
  EXPECT_EQ(world.ask("ent2.example", type::txt).rcode, "NOERROR");
  EXPECT_THAT(world.ask("ent2.example", type::txt).answer, IsEmpty());
  EXPECT_EQ(world.ask("x.ent2.example", type::txt).rcode, "NXDOMAIN");
  const auto star = world.ask("y.star.example", type::a);
  EXPECT_EQ(star.rcode, "NOERROR") << "*.star exists, empty";
  EXPECT_THAT(star.answer, IsEmpty());
}

class Dname : public testing::Test {
 protected:
  void SetUp() override {
    world.publisher.set_static_zones(
        {}, {zone_of("example.com",
                     kApexRecords +
                         "old 600 DNAME new\nold TXT \"at the owner\"\nbelow.old A 192.0.2.66\nwww.new A 192.0.2.2\n"
                         "a DNAME b\nb DNAME a\ngrow DNAME x.grow\nout DNAME example.net.\n"
                         "again CNAME x.y.old\nx.y.new CNAME z.old\nz.new A 192.0.2.3\nlong DNAME " +
                         std::string(60, 'l') + "." + std::string(60, 'm') + "." + std::string(60, 'n') + "\n")});
    world.start();
  }
  World world;
};

TEST_F(Dname, AnswersItselfAndASynthesisedCname) {
  const auto m = world.ask("www.OLD.example.com", type::a);
  EXPECT_TRUE(m.aa);
  EXPECT_THAT(lines(m.answer),
              ElementsAre("OLD.example.com. DNAME new.example.com.", "www.OLD.example.com. CNAME www.new.example.com.",
                          "www.new.example.com. A 192.0.2.2"));
  EXPECT_EQ(m.answer[1].ttl, 600U) << "RFC 6672 3.1: the DNAME's";
  EXPECT_THAT(world.ask("www.out.example.com", type::a).answer, SizeIs(2));
  EXPECT_EQ(world.ask("nope.old.example.com", type::a).rcode, "NXDOMAIN") << "of the last name (RFC 6604)";
  EXPECT_THAT(world.ask("www.old.example.com", type::cname).answer, SizeIs(2));
}

TEST_F(Dname, DoesNotRewriteItsOwnerAndHidesWhatIsBelow) {
  EXPECT_THAT(data(world.ask("old.example.com", type::txt).answer, "TXT"), SizeIs(1));
  EXPECT_THAT(lines(world.ask("old.example.com", type::dname).answer),
              ElementsAre("old.example.com. DNAME new.example.com."));
  EXPECT_THAT(world.ask("old.example.com", type::a).answer, IsEmpty());
  EXPECT_THAT(data(world.ask("below.old.example.com", type::a).answer, "A"), IsEmpty());
}

TEST_F(Dname, TooLongIsYxdomainWithTheDname) {
  const std::string label(60, 'q');
  const auto m = world.ask(label + "." + label + ".long.example.com", type::a);
  EXPECT_EQ(m.rcode, "YXDOMAIN");
  EXPECT_TRUE(m.aa);
  EXPECT_THAT(data(m.answer, "DNAME"), SizeIs(1));
  EXPECT_THAT(m.answer, SizeIs(1));
}

TEST_F(Dname, LoopsAndGrowthEndAndNoRecordStandsTwice) {
  for (const char* name : {"x.a.example.com", "y.grow.example.com"}) {
    const auto m = world.ask(name, type::a, {.tcp = true});
    EXPECT_EQ(m.rcode, "NOERROR") << name;
    auto all = lines(m.answer);
    std::sort(all.begin(), all.end());
    EXPECT_EQ(std::adjacent_find(all.begin(), all.end()), all.end()) << name;
    EXPECT_LE(all.size(), 18U) << name;
  }
  const auto twice = world.ask("again.example.com", type::a);
  EXPECT_THAT(data(twice.answer, "DNAME"), SizeIs(1));
  EXPECT_THAT(data(twice.answer, "A"), ElementsAre("192.0.2.3"));
}

TEST(Chain, EndsAfterEightAndWhereItLoops) {
  World world;
  std::string text = kApexRecords +
                     "self CNAME self\none CNAME two\ntwo CNAME one\nout CNAME www.example.net.\n"
                     "gone CNAME nope\nempty CNAME ns1\nother CNAME www.example.org.\n";
  for (int i = 0; i < 12; ++i) text += fmt::format("c{} CNAME c{}\n", i, i + 1);
  world.publisher.set_static_zones({}, {zone_of("example.com", text + "c12 A 192.0.2.12\n"),
                                        zone_of("example.org", kApexRecords + "www A 192.0.2.80\n")});
  world.start();
  EXPECT_THAT(world.ask("self.example.com", type::a).answer, SizeIs(1));
  EXPECT_THAT(world.ask("one.example.com", type::a).answer, SizeIs(2));
  EXPECT_THAT(world.ask("c0.example.com", type::a).answer, SizeIs(9));
  EXPECT_THAT(data(world.ask("c4.example.com", type::a).answer, "A"), SizeIs(1)) << "eight CNAMEs and the address";
  EXPECT_EQ(world.ask("out.example.com", type::a).rcode, "NOERROR");
  const auto gone = world.ask("gone.example.com", type::a);
  EXPECT_EQ(gone.rcode, "NXDOMAIN");
  EXPECT_TRUE(gone.aa);
  EXPECT_EQ(world.ask("empty.example.com", type::mx).authority.at(0).type, "SOA");
  EXPECT_THAT(data(world.ask("other.example.com", type::a).answer, "A"), ElementsAre("192.0.2.80")) << "ours as well";
}

TEST(Synthesis, InANamespaceGivesWayToRegistrations) {
  World world;
  world.publisher.set_static_zones(
      {zone_of("corp", "* 300 A 192.0.2.1\n*.fixed 300 A 192.0.2.2\nold 300 DNAME new\n", true)}, {});
  world.add_namespace("corp");
  world.put("web.corp", Given{.id = "i1", .v4 = "10.0.0.1"});
  world.start();
  const auto wild = world.ask("free.corp", type::a);
  EXPECT_THAT(data(wild.answer, "A"), ElementsAre("192.0.2.1"));
  EXPECT_EQ(wild.answer.at(0).ttl, 5U) << "a registration could take the name";
  EXPECT_EQ(world.ask("free.corp", type::aaaa).authority.at(0).ttl, 1U);
  EXPECT_EQ(world.ask("a.fixed.corp", type::a).answer.at(0).ttl, 300U) << "none could";
  EXPECT_EQ(world.ask("a.old.corp", type::a).answer.at(0).ttl, 300U);
  EXPECT_THAT(data(world.ask("web.corp", type::a).answer, "A"), ElementsAre("10.0.0.1"));
  EXPECT_EQ(world.ask("nope.web.corp", type::a).rcode, "NXDOMAIN") << "the service is the closest encloser";
  world.put("free.corp", Given{.id = "i1", .v4 = "10.0.0.2"});
  EXPECT_THAT(data(world.ask("free.corp", type::a).answer, "A"), ElementsAre("10.0.0.2"));
}

}  // namespace
}  // namespace dnsd::serve::test
