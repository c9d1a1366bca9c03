#include "dnsd/serve/access.h"

#include <gtest/gtest.h>

#include "dnsd/answers/wire_name.h"
#include "dnsd/serve/test_world.h"

namespace dnsd::serve::test {
namespace {

namespace type = wire::type;

std::vector<registry::Prefix> prefixes(std::initializer_list<const char*> texts) {
  std::vector<registry::Prefix> out;
  for (const char* text : texts) out.push_back(registry::parse_prefix(text).value());
  return out;
}
Client v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) { return {{a, b, c, d}, false, 4000}; }

TEST(PrefixList, HoldsAddressesOfItsPrefixesAndFamilyAlone) {
  const PrefixList list(prefixes({"10.1.0.0/16", "192.0.2.7", "2001:db8::/33", "0.0.0.0/0"}));
  const PrefixList narrow(prefixes({"10.1.0.0/16", "192.0.2.7", "2001:db8::/33"}));
  EXPECT_TRUE(list.contains(v4(203, 0, 113, 9)));
  EXPECT_FALSE(narrow.contains(v4(203, 0, 113, 9)));
  EXPECT_TRUE(narrow.contains(v4(10, 1, 255, 255)));
  EXPECT_FALSE(narrow.contains(v4(10, 2, 0, 0)));
  EXPECT_TRUE(narrow.contains(v4(192, 0, 2, 7)));
  EXPECT_FALSE(narrow.contains(v4(192, 0, 2, 6)));
  Client six{{0x20, 0x01, 0x0d, 0xb8, 0x7f, 0xff}, true, 1};
  EXPECT_TRUE(list.contains(six));
  six.address[4] = 0x80;
  EXPECT_FALSE(list.contains(six)) << "bit 33 counts, and 0.0.0.0/0 is of IPv4";
  EXPECT_FALSE(PrefixList().contains(v4(127, 0, 0, 1)));
}

TEST(Access, AZoneInsideAnotherKeepsToItsOwnList) {
  std::vector<ZoneAccess> zones{{answers::to_wire("example"), {}}};
  for (int i = 0; i < 100; ++i) {
    zones.push_back({answers::to_wire("z" + std::to_string(i) + ".example"),
                     prefixes({("10." + std::to_string(i) + ".0.0/16").c_str()})});
  }
  const Access access(prefixes({"127.0.0.0/8"}), zones, 42);
  const answers::HashedName name(answers::to_wire("a.z7.example"), 42);
  EXPECT_TRUE(access.allows(v4(10, 7, 1, 1), name.ref(), 2));
  EXPECT_FALSE(access.allows(v4(10, 8, 1, 1), name.ref(), 2));
  EXPECT_TRUE(access.allows(v4(10, 8, 1, 1), name.ref(), 1)) << "were it a name of example, which is for all";
  const answers::HashedName other(answers::to_wire("a.sub.example"), 42);
  EXPECT_FALSE(access.allows(v4(10, 8, 1, 1), other.ref(), 2)) << "sub.example has no list: the server's";
  EXPECT_TRUE(access.allows(v4(127, 0, 0, 1), other.ref(), 2));
}

TEST(Access, AClustersListHoldsForItsNamespaces) {
  const auto ten = prefixes({"10.0.0.0/8"});
  const Access access(prefixes({"127.0.0.0/8"}),
                      {{answers::to_wire("cluster.local"), ten, true},
                       {answers::to_wire("own.svc.cluster.local"), prefixes({"192.0.2.0/24"})},
                       {answers::to_wire("plain"), ten}},
                      42);
  const auto allows = [&](const char* text, unsigned zone_labels, const Client& client) {
    const answers::HashedName name(answers::to_wire(text), 42);
    return access.allows(client, name.ref(), zone_labels);
  };
  const Client inside = v4(10, 1, 1, 1), here = v4(127, 0, 0, 1);
  EXPECT_TRUE(allows("web.prod.svc.cluster.local", 4, inside));
  EXPECT_FALSE(allows("web.prod.svc.cluster.local", 4, here));
  EXPECT_FALSE(allows("prod.svc.cluster.local", 4, here)) << "its apex";
  EXPECT_FALSE(allows("web.own.svc.cluster.local", 4, inside)) << "it has a list of its own";
  EXPECT_TRUE(allows("web.prod.pod.cluster.local", 4, here)) << "no namespace of the cluster";
  EXPECT_TRUE(allows("web.prod.svc.plain", 3, here)) << "no cluster";
}

class TwoZones : public testing::Test {
 protected:
  static ResponderOptions options() {
    ResponderOptions out;
    out.allow_query = prefixes({"127.0.0.0/8", "10.0.0.0/8"});
    out.zone_access = {{answers::to_wire("secret"), prefixes({"10.9.0.0/16"})}, {answers::to_wire("open"), {}}};
    return out;
  }
  void SetUp() override {
    for (const char* apex : {"corp", "secret", "open"}) world.add_namespace(apex);
    world.start();
    for (const char* name : {"web.corp", "web.secret", "web.open"})
      world.put(name, Given{.id = "i1", .v4 = "192.0.2.1"});
    registry::ServicePolicy policy;
    policy.alias = "web.secret";
    world.service("gate.corp", policy);
  }
  ShownMessage from(const Client& client, std::string_view name) {
    Ask how{.edns = true};
    how.client = client;
    return world.ask(name, type::a, how);
  }
  World world{{}, options()};
};

TEST_F(TwoZones, EachAnswersItsOwnClients) {
  const auto corp_client = v4(10, 1, 1, 1), insider = v4(10, 9, 1, 1), stranger = v4(203, 0, 113, 1);
  EXPECT_EQ(from(corp_client, "web.corp").rcode, "NOERROR");
  EXPECT_EQ(from(stranger, "web.corp").rcode, "REFUSED");
  EXPECT_EQ(from(insider, "web.secret").rcode, "NOERROR");
  EXPECT_EQ(from(stranger, "web.open").rcode, "NOERROR");
  EXPECT_EQ(from(stranger, "nosuch.open").rcode, "NXDOMAIN");
  for (const char* name : {"web.secret", "nosuch.secret", "secret"}) {
    const auto refused = from(corp_client, name);
    EXPECT_EQ(refused.rcode, "REFUSED") << name;
    ASSERT_EQ(refused.errors.size(), 1U);
    EXPECT_EQ(refused.errors[0].code, wire::ede::prohibited);
  }
}

TEST_F(TwoZones, OutsideOfAllZonesTheServersListTellsWhichRefusalItIs) {
  EXPECT_EQ(from(v4(10, 1, 1, 1), "example.org").errors.at(0).code, wire::ede::not_authoritative);
  EXPECT_EQ(from(v4(203, 0, 113, 1), "example.org").errors.at(0).code, wire::ede::prohibited);
}

TEST_F(TwoZones, AChainEndsBeforeAZoneThatIsClosedToTheClient) {
  const auto open = from(v4(10, 9, 1, 1), "gate.corp");
  EXPECT_EQ(data(open.answer, "A").size(), 1U);
  const auto closed = from(v4(10, 1, 1, 1), "gate.corp");
  EXPECT_EQ(closed.rcode, "NOERROR");
  EXPECT_EQ(data(closed.answer, "CNAME").size(), 1U);
  EXPECT_TRUE(data(closed.answer, "A").empty());
}

// DS at an apex is the business of the zone around it, and of that zone's list.
TEST(ClosedParent, KeepsItsSideOfAnOpenZone) {
  ResponderOptions options;
  options.zone_access = {{answers::to_wire("example"), prefixes({"10.0.0.0/8"})}};
  World world{{}, options};
  const auto soa = [](const std::string& apex) {
    return "@ SOA ns." + apex + ". h." + apex + ". 1 2 3 4 5\n@ NS ns.x.\n";
  };
  world.publisher.set_static_zones({},
                                   {zone_of("example", soa("example")), zone_of("sub.example", soa("sub.example"))});
  world.start();
  Ask how{.edns = true};
  how.client = v4(192, 0, 2, 1);
  EXPECT_EQ(world.ask("sub.example", type::ns, how).rcode, "NOERROR");
  const auto refused = world.ask("sub.example", type::ds, how);
  EXPECT_EQ(refused.rcode, "REFUSED");
  EXPECT_TRUE(refused.authority.empty());
  how.client = v4(10, 0, 0, 1);
  EXPECT_EQ(world.ask("sub.example", type::ds, how).authority.size(), 1U);
}

TEST(UnavailableParent, DoesNotDenyWhatItDoesNotKnow) {
  World world;
  world.publisher.set_static_zones(
      {}, {answers::unavailable_zone(answers::to_wire("example"), answers::Availability::expired),
           zone_of("sub.example", "@ SOA ns.x. h.x. 1 2 3 4 5\n@ NS ns.x.\n")});
  world.start();
  const auto m = world.ask("sub.example", type::ds);
  EXPECT_EQ(m.rcode, "SERVFAIL");
  EXPECT_FALSE(m.aa);
  EXPECT_TRUE(m.authority.empty());
}

TEST_F(TwoZones, NewRulesHoldFromTheNextQueryOn) {
  auto changed = options();
  changed.zone_access = {{answers::to_wire("secret"), prefixes({"10.1.0.0/16"})}};
  world.responder().set_rules(changed, world.reclaimer);
  EXPECT_EQ(from(v4(10, 1, 1, 1), "web.secret").rcode, "NOERROR");
  EXPECT_EQ(from(v4(10, 9, 1, 1), "web.secret").rcode, "REFUSED");
  EXPECT_EQ(from(v4(203, 0, 113, 1), "web.open").rcode, "REFUSED");
}

}  // namespace
}  // namespace dnsd::serve::test
