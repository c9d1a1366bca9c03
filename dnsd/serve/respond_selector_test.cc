// Names that select instances by tag and zone (CASES 3.3).
#include <gmock/gmock.h>

#include <map>

#include "dnsd/serve/test_world.h"

namespace dnsd::serve::test {
namespace {

using registry::Verdict;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
namespace type = wire::type;
using Tags = std::vector<std::string>;

class Selectors : public testing::Test {
 protected:
  void SetUp() override {
    world.add_namespace("corp", {"alt"});
    world.start();
  }
  void put(std::string_view service, Given given, Tags tags, std::string_view zone = {}, bool checked = false) {
    if (given.port == 0) given.port = 80;
    auto def = instance(given);
    def.tags = std::move(tags);
    def.zone = zone;
    if (checked) def.checks.push_back({.name = "tcp"});
    world.put(service, def);
  }
  std::vector<std::string> a(std::string_view qname, const Ask& ask = {}) {
    const auto m = world.ask(qname, type::a, ask);
    EXPECT_EQ(m.rcode, "NOERROR") << qname;
    return data(m.answer, "A");
  }
  void expect_nodata(std::string_view qname) {
    for (const auto qtype : {type::a, type::aaaa, type::srv, type::txt, type::https, std::uint16_t{65280}}) {
      const auto m = world.ask(qname, qtype);
      EXPECT_EQ(m.rcode, "NOERROR") << qname << ' ' << qtype;
      EXPECT_THAT(m.answer, IsEmpty()) << qname << ' ' << qtype;
      ASSERT_THAT(m.authority, SizeIs(1)) << qname;
    }
  }
  void expect_nxdomain(std::string_view qname, std::uint32_t ttl = 1) {
    for (const auto qtype : {type::a, type::srv, type::txt}) {
      const auto m = world.ask(qname, qtype);
      EXPECT_EQ(m.rcode, "NXDOMAIN") << qname << ' ' << qtype;
      ASSERT_THAT(m.authority, SizeIs(1)) << qname;
      EXPECT_EQ(m.authority[0].ttl, ttl) << qname;
    }
  }
  // db: i1 primary in a, i2 replica in a, i3 replica and canary in b.
  void put_db() {
    put("db.corp", {.id = "i1", .v4 = "10.0.0.1"}, {"PRIMARY"}, "a");
    put("db.corp", {.id = "i2", .v4 = "10.0.0.2"}, {"replica"}, "A");
    put("db.corp", {.id = "i3", .v4 = "10.0.0.3"}, {"Canary", "canary", "replica", "v1.2"}, "b");
  }

  World world;
};

TEST_F(Selectors, ATagChoosesThoseThatBearIt) {
  put_db();
  EXPECT_THAT(a("primary._tag.db.corp"), ElementsAre("10.0.0.1"));
  EXPECT_THAT(a("Replica._TAG.db.corp"), ElementsAre("10.0.0.2", "10.0.0.3"));
  EXPECT_THAT(a("canary._tag.db.alt"), ElementsAre("10.0.0.3"));
  expect_nxdomain("none._tag.db.corp");
  expect_nxdomain("2._tag.db.corp");
  expect_nxdomain("a._tag.db.corp");  // a zone is no tag
  expect_nxdomain("_x._tag.db.corp", 60);
  expect_nxdomain("i1.primary._tag.db.corp", 60);
}

TEST_F(Selectors, AnyMixInAnyOrderUpToFour) {
  put_db();
  EXPECT_THAT(a("canary._tag.replica._tag.db.corp"), ElementsAre("10.0.0.3"));
  EXPECT_THAT(a("replica._tag.canary._tag.db.corp"), ElementsAre("10.0.0.3"));
  EXPECT_THAT(a("canary._not.replica._tag.db.corp"), ElementsAre("10.0.0.2"));
  EXPECT_THAT(a("b.pin._zone.canary._not.db.corp"), IsEmpty());
  EXPECT_THAT(a("b.prefer._zone.canary._not.replica._tag.x._not.db.corp"), ElementsAre("10.0.0.2"));
  expect_nodata("primary._tag.replica._tag.db.corp");  // both known, nobody bears both
  expect_nxdomain("x._not.x._not.x._not.x._not.x._not.db.corp", 60);
  expect_nxdomain("_not.x._not.x._not.x._not.x._not.db.corp", 60);
  EXPECT_THAT(a("x._not.x._not.x._not.x._not.db.corp"), SizeIs(3));
}

TEST_F(Selectors, ANegatedTagOfNobodyLeavesAll) {
  put_db();
  EXPECT_THAT(a("replica._not.db.corp"), ElementsAre("10.0.0.1"));
  EXPECT_THAT(a("nosuch._not.db.corp"), SizeIs(3));
  put("bare.corp", {.id = "i1", .v4 = "10.0.0.9"}, {});
  EXPECT_THAT(a("x._not.bare.corp"), ElementsAre("10.0.0.9"));
  expect_nxdomain("x._tag.bare.corp");
}

TEST_F(Selectors, AZoneIsPinnedOrPreferred) {
  put_db();
  EXPECT_THAT(a("a.pin._zone.db.corp"), ElementsAre("10.0.0.1", "10.0.0.2"));
  EXPECT_THAT(a("b.prefer._zone.db.corp"), ElementsAre("10.0.0.3"));
  expect_nodata("c.pin._zone.db.corp");
  EXPECT_THAT(a("c.prefer._zone.db.corp"), SizeIs(3));
  EXPECT_THAT(a("b.prefer._zone.a.prefer._zone.db.corp"), ElementsAre("10.0.0.3"));  // the leftmost comes first
  EXPECT_THAT(a("c.prefer._zone.a.prefer._zone.db.corp"), ElementsAre("10.0.0.1", "10.0.0.2"));
  expect_nxdomain("a.bogus._zone.db.corp", 60);
  expect_nxdomain("a.pin._zone.nope.corp");
  expect_nxdomain("primary._zone.db.corp", 60);
}

TEST_F(Selectors, WhatStandsBetweenIsEmptyAndExists) {
  put_db();
  for (const auto* name : {"_tag.db.corp", "_not.db.corp", "_zone.db.corp", "pin._zone.db.corp", "prefer._zone.db.corp",
                           "_tag.primary._tag.db.corp", "pin._zone.nosuch._not.db.corp"})
    expect_nodata(name);
  expect_nxdomain("_tag.none._tag.db.corp");
}

TEST_F(Selectors, PortsStandBelowThemWithTheirOwnGlue) {
  for (int i = 1; i <= 3; ++i) {
    auto def = instance({.id = "i" + std::to_string(i), .v4 = "10.0.0." + std::to_string(i), .port = 80});
    def.ports["http"] = {8080, {}, {}};
    def.zone = i == 3 ? "b" : "a";
    world.put("web.corp", def);
  }
  const auto m = world.ask("_http._tcp.a.pin._zone.web.corp", type::srv);
  EXPECT_THAT(data(m.answer, "SRV"), ElementsAre("1 10 8080 i1.web.corp.", "1 10 8080 i2.web.corp."));
  EXPECT_THAT(data(m.additional, "A"), ElementsAre("10.0.0.1", "10.0.0.2"));
  EXPECT_THAT(data(world.ask("b.pin._zone.web.corp", type::srv).answer, "SRV"), ElementsAre("1 10 80 i3.web.corp."));
  EXPECT_THAT(world.ask("_http._tcp.c.pin._zone.web.corp", type::srv).answer, IsEmpty());
  EXPECT_EQ(world.ask("_http._tcp.c.pin._zone.web.corp", type::srv).rcode, "NOERROR");
  expect_nodata("_tcp.a.pin._zone.web.corp");
  expect_nxdomain("_udp.a.pin._zone.web.corp");
  expect_nxdomain("_nope._tcp.a.pin._zone.web.corp");
  expect_nxdomain("x._http._tcp.a.pin._zone.web.corp", 60);
}

TEST_F(Selectors, ChooseTheBestTierOfThoseLeft) {
  put("db.corp", {.id = "i1", .v4 = "10.0.0.1", .priority = 1}, {"primary"});
  put("db.corp", {.id = "i2", .v4 = "10.0.0.2", .priority = 2}, {"replica"});
  put("db.corp", {.id = "i3", .v4 = "10.0.0.3", .priority = 3}, {"replica"});
  EXPECT_THAT(a("replica._tag.db.corp"), ElementsAre("10.0.0.2"));
  EXPECT_THAT(data(world.ask("replica._tag.db.corp", type::srv).answer, "SRV"), SizeIs(2));
}

TEST_F(Selectors, WhatIsNotAvailableIsNotAnsweredAndItsTagStillExists) {
  put("db.corp", {.id = "i1", .v4 = "10.0.0.1"}, {"primary"}, "a", true);
  put("db.corp", {.id = "i2", .v4 = "10.0.0.2"}, {"replica"}, "b");
  auto m = world.ask("primary._tag.db.corp", type::a, {.edns = true});
  EXPECT_EQ(m.rcode, "NOERROR");
  EXPECT_THAT(m.answer, IsEmpty());
  ASSERT_THAT(m.errors, SizeIs(1));
  EXPECT_EQ(m.errors[0].text, "no available instances");
  EXPECT_THAT(a("a.prefer._zone.db.corp"), ElementsAre("10.0.0.2"));
  m = world.ask("c.pin._zone.db.corp", type::a, {.edns = true});
  ASSERT_THAT(m.errors, SizeIs(1));
  EXPECT_EQ(m.errors[0].text, "no instances");
  registry::ServicePolicy policy;
  policy.on_empty = registry::OnEmpty::servfail;
  world.service("db.corp", policy);
  EXPECT_EQ(world.ask("primary._tag.db.corp", type::a).rcode, "SERVFAIL");
  EXPECT_EQ(world.ask("primary._tag.db.corp", type::txt).rcode, "NOERROR");
  EXPECT_EQ(world.ask("c.pin._zone.db.corp", type::a).rcode, "NOERROR");  // nobody was registered there
}

TEST_F(Selectors, FailOpenByThemselves) {
  registry::ServicePolicy policy;
  policy.on_empty = registry::OnEmpty::fail_open;
  world.service("db.corp", policy);
  put("db.corp", {.id = "i1", .v4 = "10.0.0.1", .v6 = "::1"}, {"primary"}, "a", true);
  put("db.corp", {.id = "i2", .v4 = "10.0.0.2"}, {"replica"}, "b");
  put("db.corp", {.id = "i3", .v4 = "10.0.0.3"}, {"primary"}, "b", true);  // never passed
  world.probe("db.corp", "i1", Verdict::ok);
  world.probe("db.corp", "i1", Verdict::failed, 3);
  const auto m = world.ask("primary._tag.db.corp", type::a, {.edns = true});
  EXPECT_THAT(data(m.answer, "A"), ElementsAre("10.0.0.1"));
  ASSERT_THAT(m.errors, SizeIs(1));
  EXPECT_THAT(m.errors[0].text, testing::StartsWith("fail-open"));
  EXPECT_THAT(data(world.ask("primary._tag.db.corp", type::aaaa).answer, "AAAA"), ElementsAre("::1"));
  EXPECT_THAT(data(world.ask("primary._tag.db.corp", type::srv).answer, "SRV"), ElementsAre("1 10 80 i1.db.corp."));
  EXPECT_THAT(a("db.corp"), ElementsAre("10.0.0.2"));
}

// An instance has no name at an alias of the namespace where that would be too long.
TEST_F(Selectors, WhatHasNoNameUnderALongAliasIsLeftOut) {
  const std::string label(63, 'x'), alias = label + "." + label + "." + label + ".alt";  // 197 octets
  world.add_namespace("long", {alias});
  for (const auto& id : {std::string("i1"), std::string(60, 'y')}) {
    auto def = instance({.id = id, .v4 = "10.0.0.1", .port = 80});
    def.ports["https"] = {443, {}, {"h2"}};
    world.put("web.long", def);
  }
  for (const auto qtype : {type::srv, type::https}) {
    const auto m = world.ask("web." + alias, qtype, {.tcp = true});
    EXPECT_FALSE(m.tc) << qtype;
    EXPECT_THAT(m.answer, SizeIs(1)) << qtype;
    EXPECT_THAT(world.ask("web.long", qtype).answer, SizeIs(2)) << qtype;
  }
  const auto m = world.ask("_web._tcp." + alias, type::ptr, {.tcp = true});
  EXPECT_THAT(m.answer, SizeIs(1));
  EXPECT_THAT(data(m.additional, "SRV"), SizeIs(1));
}

// Of a large service, by lists and by bitmaps alike: what a walk over the registry finds.
TEST_F(Selectors, AgreeWithAWalkOverAllInstances) {
  registry::ServicePolicy policy;
  policy.max_answers = 0;
  world.service("big.corp", policy);
  std::map<std::string, Tags> tags_of;
  for (int i = 0; i < 300; ++i) {
    Tags tags{"all"};
    if (i % 2 == 0) tags.push_back("even");
    if (i % 97 == 0) tags.push_back("rare");
    const std::string address = "10.1." + std::to_string(i / 200) + "." + std::to_string(i % 200);
    put("big.corp", {.id = "i" + std::to_string(i), .v4 = address}, tags, i % 3 == 0 ? "a" : "b");
    tags.push_back(i % 3 == 0 ? "in-a" : "in-b");
    tags_of[address] = tags;
  }
  const auto expected = [&](const Tags& with, const Tags& without) {
    std::vector<std::string> out;
    const auto bears = [](const Tags& tags, const std::string& tag) {
      return std::ranges::find(tags, tag) != tags.end();
    };
    for (const auto& [address, tags] : tags_of) {
      if (std::ranges::all_of(with, [&](const auto& t) { return bears(tags, t); }) &&
          std::ranges::none_of(without, [&](const auto& t) { return bears(tags, t); }))
        out.push_back(address);
    }
    return out;
  };
  const auto got = [&](std::string_view qname) {
    auto out = a(qname, {.tcp = true});
    std::ranges::sort(out);
    return out;
  };
  EXPECT_EQ(got("all._tag.big.corp"), expected({"all"}, {}));
  EXPECT_EQ(got("even._not.big.corp"), expected({}, {"even"}));
  EXPECT_EQ(got("rare._tag.big.corp"), expected({"rare"}, {}));
  EXPECT_EQ(got("rare._not.even._tag.a.pin._zone.big.corp"), expected({"even", "in-a"}, {"rare"}));
  EXPECT_EQ(got("b.pin._zone.rare._tag.even._not.all._tag.big.corp"), expected({"rare", "in-b"}, {"even"}));
}

TEST_F(Selectors, DrawByWeightWithinTheLimitAndNameAnAddressOnce) {
  registry::ServicePolicy policy;
  policy.max_answers = 2;
  world.service("web.corp", policy);
  put("web.corp", {.id = "other", .v4 = "10.0.0.9", .weight = 100}, {});
  put("web.corp", {.id = "i1", .v4 = "10.0.0.1", .weight = 1}, {"v2"});
  put("web.corp", {.id = "i2", .v4 = "10.0.0.2", .weight = 3}, {"v2"});
  put("web.corp", {.id = "i3", .v4 = "10.0.0.2", .port = 81, .weight = 4}, {"v2"});
  put("web.corp", {.id = "i4", .v4 = "10.0.0.4", .weight = 0}, {"v2"});
  std::map<std::string, int> first;
  constexpr int kDraws = 8'000;
  for (int i = 0; i < kDraws; ++i) {
    const auto m =
        world.ask("v2._tag.web.corp", type::a, {.client = {{10, 1, 0, 0}, false, static_cast<std::uint16_t>(i)}});
    ASSERT_THAT(m.answer, SizeIs(2));
    ASSERT_NE(m.answer[0].data, m.answer[1].data);
    ++first[m.answer[0].data];
  }
  EXPECT_NEAR(first["10.0.0.1"], kDraws / 8, 150);
  EXPECT_NEAR(first["10.0.0.2"], kDraws / 8 * 7, 150);
}

// Out of the ranks of the service, or ranked anew: the same.
TEST_F(Selectors, ThatLeaveEverybodyAreStickyAsTheServiceIs) {
  registry::ServicePolicy policy;
  policy.order = registry::Order::sticky;
  policy.max_answers = 4;
  world.service("web.corp", policy);
  const auto expect_equal = [&](std::string_view qname) {
    for (std::uint8_t n = 0; n < 50; ++n) {
      const Ask ask{.client = {{10, 1, n, 1}, false, 7}};
      const auto order = [&](std::string_view of) {
        std::vector<std::string> out;
        for (const auto& r : world.ask(of, type::a, ask).answer) out.push_back(r.data);
        return out;
      };
      ASSERT_EQ(order(qname), order("web.corp")) << int{n};
    }
  };
  for (int i = 0; i < 40; ++i) {
    put("web.corp", {.id = "i" + std::to_string(i), .v4 = "10.0.0." + std::to_string(i + 1), .weight = 1 + i % 3}, {});
  }
  expect_equal("x._not.web.corp");
  for (int i = 40; i < 60; ++i) {  // with addresses of others
    put("web.corp", {.id = "i" + std::to_string(i), .v4 = "10.0.0." + std::to_string(i / 2)}, {});
  }
  expect_equal("x._not.web.corp");
}

TEST_F(Selectors, AreStickyWhereTheServiceIs) {
  registry::ServicePolicy policy;
  policy.order = registry::Order::sticky;
  policy.max_answers = 4;
  world.service("web.corp", policy);
  for (int i = 0; i < 40; ++i) {
    put("web.corp", {.id = "i" + std::to_string(i), .v4 = "10.0.0." + std::to_string(i + 1)},
        {i % 2 == 0 ? "even" : "odd"});
  }
  const auto in_order = [&](std::uint8_t network) {
    std::vector<std::string> out;
    for (const auto& r : world.ask("even._tag.web.corp", type::a, {.client = {{10, 1, network, 1}, false, 7}}).answer)
      out.push_back(r.data);
    return out;
  };
  std::map<int, std::vector<std::string>> before;
  for (std::uint8_t n = 0; n < 50; ++n) before[n] = in_order(n);
  world.remove("web.corp", "i1");  // 10.0.0.2, an outsider
  for (std::uint8_t n = 0; n < 50; ++n) EXPECT_EQ(in_order(n), before[n]);
  world.remove("web.corp", "i8");  // 10.0.0.9
  for (std::uint8_t n = 0; n < 50; ++n) {
    auto left = before[n];
    std::erase(left, "10.0.0.9");
    auto now = in_order(n);
    ASSERT_THAT(now, SizeIs(4));
    now.resize(left.size());
    EXPECT_EQ(now, left);
  }
}

}  // namespace
}  // namespace dnsd::serve::test
