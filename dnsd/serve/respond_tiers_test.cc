// Tiers, panic, slow start and HTTPS as DNS answers them (DESIGN sections 3 and 5).
#include <gmock/gmock.h>

#include "dnsd/serve/test_world.h"

namespace dnsd::serve::test {
namespace {

using registry::Verdict;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
namespace type = wire::type;

class TieredService : public testing::Test {
 protected:
  void SetUp() override {
    world.add_namespace("corp");
    world.start();
  }
  void below(double share, registry::OnEmpty on_empty = registry::OnEmpty::nodata) {
    registry::ServicePolicy policy;
    policy.fail_open_below = share;
    policy.on_empty = on_empty;
    world.service("web.corp", policy);
  }
  // Instances with a check that passed; `alive` of them still do.
  void put(int first, int count, int alive, int priority = 1) {
    for (int i = first; i < first + count; ++i) {
      auto def = instance({.id = id(i), .v4 = "10.0.0." + std::to_string(i), .port = 80, .priority = priority});
      def.checks.push_back({.name = "tcp"});
      world.put("web.corp", def);
      world.probe("web.corp", id(i), Verdict::ok);
      if (i - first >= alive) world.probe("web.corp", id(i), Verdict::failed, 3);
    }
  }
  static std::string id(int i) { return "i" + std::to_string(i); }
  std::vector<std::string> a() { return data(world.ask("web.corp", type::a).answer, "A"); }
  std::vector<std::string> srv() { return data(world.ask("web.corp", type::srv).answer, "SRV"); }
  std::string why(std::string_view qname = "web.corp", std::uint16_t qtype = type::a) {
    const auto m = world.ask(qname, qtype, {.edns = true});
    return m.errors.empty() ? "" : m.errors[0].text;
  }
  std::string status() { return data(world.ask("_status.web.corp", type::txt).answer, "TXT").at(0); }

  World world;
};

TEST_F(TieredService, BelowTheThresholdAllOfTheTierAreAnsweredAndSaidToBe) {
  below(0.5);
  put(1, 4, 1);
  EXPECT_THAT(a(), SizeIs(4));
  EXPECT_THAT(srv(), SizeIs(4));
  EXPECT_THAT(data(world.ask("_web._tcp.corp", type::ptr).answer, "PTR"), SizeIs(4));
  EXPECT_EQ(why(), "fail-open: too few instances are available");
  EXPECT_THAT(status(), HasSubstr("available=1 total=4"));
  EXPECT_THAT(status(), HasSubstr("mode=fail_open"));
  EXPECT_EQ(world.registry.find_service("web.corp")->available, 1U) << "true state is never rewritten";
  EXPECT_EQ(world.publisher.stats().fail_open, 1U);
  world.probe("web.corp", "i2", Verdict::ok, 2);
  EXPECT_THAT(a(), ElementsAre("10.0.0.1", "10.0.0.2"));
  EXPECT_EQ(why(), "");
  EXPECT_THAT(status(), Not(HasSubstr("mode")));
  EXPECT_EQ(world.publisher.stats().fail_open, 0U);
}

TEST_F(TieredService, AtItsEdgeTheThresholdCountsUpwards) {
  below(0.2);
  put(1, 4, 1);
  EXPECT_THAT(a(), ElementsAre("10.0.0.1"));
}

TEST_F(TieredService, WhatPeopleTookOutAndWhatNeverPassedDoesNotCount) {
  below(0.5);
  put(1, 4, 2);
  world.effect(registry::DrainEffect{"web.corp", "i3", world.now.wall, world.now.wall});
  auto fresh = instance({.id = "fresh", .v4 = "10.0.0.99", .port = 80});
  fresh.checks.push_back({.name = "tcp"});
  world.put("web.corp", fresh);
  world.probe("web.corp", "i2", Verdict::failed, 3);  // 1 of i1, i2, i4
  EXPECT_THAT(a(), ElementsAre("10.0.0.1", "10.0.0.2", "10.0.0.4"));
}

TEST_F(TieredService, TooFewSpillToTheNextTierBeforeAnythingOpens) {
  below(0.66);
  put(1, 3, 1, 1);
  put(11, 2, 2, 2);
  EXPECT_THAT(a(), ElementsAre("10.0.0.11", "10.0.0.12"));
  EXPECT_THAT(srv(), SizeIs(3)) << "SRV tells of all that are available, with their priorities";
  EXPECT_THAT(status(), HasSubstr("tier=2"));
  EXPECT_EQ(why(), "spilled: a better priority has too few available instances");
  EXPECT_EQ(why("x._not.web.corp"), why());
  EXPECT_THAT(data(world.ask("x._not.web.corp", type::a).answer, "A"), ElementsAre("10.0.0.11", "10.0.0.12"));
  for (const int i : {11, 12}) world.probe("web.corp", id(i), Verdict::failed, 3);
  EXPECT_THAT(a(), ElementsAre("10.0.0.1", "10.0.0.2", "10.0.0.3"));
  EXPECT_THAT(srv(), SizeIs(3));
  world.probe("web.corp", "i1", Verdict::failed, 3);
  EXPECT_EQ(why(), "fail-open: no instance is available");
  EXPECT_THAT(a(), ElementsAre("10.0.0.1", "10.0.0.2", "10.0.0.3"));
  EXPECT_THAT(srv(), SizeIs(5));
}

TEST_F(TieredService, WithoutAThresholdOneIsEnoughAndTheNextTierComesWhenNoneIs) {
  below(0);
  put(1, 3, 1, 1);
  put(11, 2, 2, 2);
  EXPECT_THAT(a(), ElementsAre("10.0.0.1"));
  world.probe("web.corp", "i1", Verdict::failed, 3);
  EXPECT_THAT(a(), ElementsAre("10.0.0.11", "10.0.0.12"));
  EXPECT_THAT(status(), Not(HasSubstr("tier")));
}

TEST_F(TieredService, FailOpenTellsOfHostsWithoutAddressAsWell) {
  registry::ServicePolicy policy;
  policy.on_empty = registry::OnEmpty::fail_open;
  world.service("web.corp", policy);
  auto def = instance({.id = "h", .port = 80, .host = "h.example.net"});
  def.checks.push_back({.name = "tcp"});
  world.put("web.corp", def);
  world.probe("web.corp", "h", Verdict::ok);
  world.probe("web.corp", "h", Verdict::failed, 3);
  EXPECT_THAT(srv(), ElementsAre("1 10 80 h.example.net."));
  EXPECT_EQ(why("web.corp", type::srv), "fail-open: no instance is available");
  EXPECT_EQ(why(), "no available instance has an address");
  policy.publish = registry::Publish::cname;
  world.service("web.corp", policy);
  EXPECT_THAT(data(world.ask("web.corp", type::a).answer, "CNAME"), ElementsAre("h.example.net."));
}

TEST_F(TieredService, AnAvailableHostWithoutAddressKeepsNoTierFromOpening) {
  registry::ServicePolicy policy;
  policy.on_empty = registry::OnEmpty::fail_open;
  world.service("web.corp", policy);
  put(1, 2, 0);
  world.put("web.corp", Given{.id = "h", .port = 80, .host = "h.example.net"});
  EXPECT_THAT(a(), ElementsAre("10.0.0.1", "10.0.0.2"));
  EXPECT_EQ(why(), "fail-open: too few instances are available");
}

class OpenedZones : public TieredService {
 protected:
  void put_in(std::string_view zone, int i, bool alive, std::string_view tag = "all") {
    auto def = instance({.id = id(i), .v4 = "10.0.0." + std::to_string(i), .port = 80});
    def.checks.push_back({.name = "tcp"});
    def.zone = zone;
    def.tags = {std::string(tag)};
    world.put("web.corp", def);
    world.probe("web.corp", id(i), Verdict::ok);
    if (!alive) world.probe("web.corp", id(i), Verdict::failed, 3);
  }
  std::vector<std::string> a(std::string_view qname) { return data(world.ask(qname, type::a).answer, "A"); }
};

TEST_F(OpenedZones, AZoneIsPreferredWhereAnyOfItIsAvailable) {
  below(0.9);
  put_in("az1", 1, false);
  put_in("az2", 2, true);
  put_in("az2", 3, true);
  ASSERT_THAT(a("web.corp"), SizeIs(3)) << "it is opened";
  EXPECT_THAT(a("az1.prefer._zone.web.corp"), SizeIs(3));
  EXPECT_THAT(a("az2.prefer._zone.web.corp"), ElementsAre("10.0.0.2", "10.0.0.3"));
  EXPECT_THAT(a("az2.prefer._zone.az1.prefer._zone.web.corp"), ElementsAre("10.0.0.2", "10.0.0.3"));
  for (const int i : {2, 3}) world.probe("web.corp", id(i), Verdict::failed, 3);
  EXPECT_THAT(a("az1.prefer._zone.web.corp"), ElementsAre("10.0.0.1")) << "nobody is available anywhere";
}

TEST_F(OpenedZones, TheReasonSpeaksOfThoseThatAreAnswered) {
  below(0.9);
  put_in("az1", 1, false);
  put_in("az2", 2, true);
  put_in("az2", 3, true);
  EXPECT_EQ(why("x._not.web.corp"), "fail-open: too few instances are available");
  EXPECT_EQ(why("az1.pin._zone.web.corp"), "fail-open: no instance is available");
  EXPECT_EQ(why("az2.pin._zone.web.corp"), "");
  EXPECT_EQ(why("az2.pin._zone.web.corp", type::srv), "");
  EXPECT_EQ(why("web.corp", type::aaaa), "") << "there is no answer";
}

TEST_F(OpenedZones, WhatASelectorLeavesHasNoThresholdOfItsOwn) {
  below(0.5);
  put_in("az1", 1, false, "canary");
  for (int i = 2; i < 5; ++i) put_in("az1", i, true);
  EXPECT_THAT(a("web.corp"), SizeIs(3));
  EXPECT_THAT(a("canary._tag.web.corp"), IsEmpty());
  EXPECT_EQ(why("canary._tag.web.corp"), "no available instances");
  below(0.5, registry::OnEmpty::fail_open);
  EXPECT_THAT(a("canary._tag.web.corp"), ElementsAre("10.0.0.1"));
}

TEST_F(OpenedZones, AnEmptyAnswerSaysWhatIsMissing) {
  put_in("az1", 1, false);
  EXPECT_EQ(why("_web._tcp.corp", type::ptr), "no available instances");
  auto def = instance({.id = "i2", .v4 = "10.0.0.2", .port = 80});
  def.tags = {"v2"};
  world.put("web.corp", def);
  def.id = def.label = "i3";
  def.tags = {"v1"};
  def.ports["http"] = {8080, {}, {"h2"}};
  world.put("web.corp", def);
  EXPECT_EQ(why("_http._tcp.v2._tag.web.corp", type::srv), "no available instance has this port");
  EXPECT_EQ(why("v2._tag.web.corp", type::https), "no available instance has this port");
  world.effect(registry::DrainEffect{"web.corp", "i3", world.now.wall, world.now.wall});
  EXPECT_EQ(why("v1._tag.web.corp", type::https), "no available instances");
}

// The horizon reaches everything that tells of the available set (DESIGN section 4).
TEST_F(TieredService, TheHorizonCutsAddressesSrvGluePtrAndDenials) {
  registry::ServicePolicy policy;
  policy.ttl = Millis(30'000);
  world.service("web.corp", policy);
  put(1, 1, 1);
  world.probe("web.corp", "i1", Verdict::failed);  // two more at 5 s
  const auto expect_ttl = [&](std::string_view qname, std::uint16_t qtype, std::size_t additional) {
    const auto m = world.ask(qname, qtype);
    ASSERT_THAT(m.answer, SizeIs(1)) << qname;
    EXPECT_EQ(m.answer[0].ttl, 10U) << qname;
    EXPECT_THAT(m.additional, SizeIs(additional)) << qname;
    for (const auto& record : m.additional) EXPECT_EQ(record.ttl, 10U) << qname << ' ' << record.type;
  };
  expect_ttl("web.corp", type::a, 0);
  expect_ttl("web.corp", type::srv, 1);
  expect_ttl("_web._tcp.corp", type::srv, 1);
  expect_ttl("_web._tcp.corp", type::ptr, 3);
  expect_ttl("x._not.web.corp", type::a, 0);
  EXPECT_EQ(world.ask("web.corp", type::aaaa).authority.at(0).ttl, 10U);
  EXPECT_EQ(world.ask("i1.web.corp", type::a).answer.at(0).ttl, 30U) << "it is there whatever its health";
}

TEST_F(TieredService, AnInstanceThatStartsSlowlyGetsAPartOfItsWeight) {
  registry::ServicePolicy policy;
  policy.slow_start = Millis(31'000);
  policy.max_answers = 1;
  world.service("web.corp", policy);
  put(1, 1, 1);
  world.pass(Millis(31'000));
  world.published(world.registry.advance(world.now));
  put(2, 1, 1);
  const auto share_of_second = [&] {
    int second = 0;
    for (int i = 0; i < 6'600; ++i) {
      const auto m = world.ask("web.corp", type::a, {.client = {{10, 0, 0, 1}, false, static_cast<std::uint16_t>(i)}});
      second += m.answer.at(0).data == "10.0.0.2";
    }
    return second;
  };
  EXPECT_NEAR(share_of_second(), 200, 60);  // 1 of 33
  EXPECT_THAT(srv(), ElementsAre("1 1 80 i2.web.corp.", "1 10 80 i1.web.corp."));
  world.pass(Millis(15'000));
  world.published(world.registry.advance(world.now));
  EXPECT_NEAR(share_of_second(), 2'200, 160);  // 16 of 48
  EXPECT_THAT(srv(), ElementsAre("1 10 80 i1.web.corp.", "1 5 80 i2.web.corp."));
}

class HttpsRecords : public TieredService {
 protected:
  void put_https(int i, int priority, std::vector<std::string> alpn, bool checked = false) {
    auto def = instance({.id = id(i), .v4 = "10.0.0." + std::to_string(i), .priority = priority});
    def.ports["https"] = {8443, {}, std::move(alpn)};
    def.tags = {i % 2 == 0 ? "even" : "odd"};
    if (checked) def.checks.push_back({.name = "tcp"});
    world.put("web.corp", def);
  }
  // Wire form, RFC 9460 2.2; ldns of Debian 12 knows HTTPS, as TYPE65 it is shown otherwise.
  std::vector<std::string> https(std::string_view qname) { return data(world.ask(qname, type::https).answer, "HTTPS"); }
};

TEST_F(HttpsRecords, TellOfEachAvailableInstancesPortAndProtocols) {
  put_https(1, 5, {"h2", "http/1.1"});
  put_https(2, 5, {"h3"}, true);
  put_https(3, 9, {"h2", "http/1.1"});
  EXPECT_THAT(https("web.corp"), ElementsAre(HasSubstr("1 i1.web.corp."), HasSubstr("2 i3.web.corp.")));
  world.probe("web.corp", "i2", Verdict::ok);
  const auto m = world.ask("web.corp", type::https);
  ASSERT_THAT(m.answer, SizeIs(3));
  EXPECT_THAT(data(m.additional, "A"), ElementsAre("10.0.0.1", "10.0.0.2", "10.0.0.3"));
  EXPECT_THAT(https("even._tag.web.corp"), ElementsAre(HasSubstr("1 i2.web.corp.")));
  for (const auto& record : https("web.corp")) {
    EXPECT_THAT(record, HasSubstr("alpn=")) << record;
    EXPECT_THAT(record, HasSubstr("port=8443")) << record;
  }
}

TEST_F(HttpsRecords, AreAsManyAsAddressesAndOfNoTierThatIsPassedOver) {
  registry::ServicePolicy policy;
  policy.max_answers = 2;
  world.service("web.corp", policy);
  for (int i = 1; i < 6; ++i) put_https(i, 1, {"h2"}, true);
  for (int i = 1; i < 6; ++i) world.probe("web.corp", id(i), Verdict::ok);
  for (int i = 11; i < 13; ++i) put_https(i, 2, {"h2"});
  EXPECT_THAT(https("web.corp"), SizeIs(2));
  for (int i = 2; i < 6; ++i) world.probe("web.corp", id(i), Verdict::failed, 3);
  policy.max_answers = 8;
  policy.fail_open_below = 0.5;
  world.service("web.corp", policy);
  ASSERT_THAT(a(), ElementsAre("10.0.0.11", "10.0.0.12"));
  EXPECT_THAT(https("web.corp"), ElementsAre(HasSubstr("1 i11.web.corp."), HasSubstr("1 i12.web.corp.")));
  EXPECT_THAT(https("odd._tag.web.corp"), ElementsAre(HasSubstr("1 i11.web.corp.")));
}

TEST_F(HttpsRecords, OfEqualPortsAndSharedHostsAreOne) {
  auto def = instance({.id = "i1", .v4 = "10.0.0.1"});
  for (const char* name : {"https", "web"}) def.ports[name] = {8443, {}, {"h2"}};
  world.put("web.corp", def);
  for (const char* id : {"h1", "h2"}) {
    auto host = instance({.id = id, .port = 80, .host = "h.example.net"});
    host.ports["https"] = {8443, {}, {"h2"}};
    host.tags = {id};
    world.put("web.corp", host);
  }
  EXPECT_THAT(https("web.corp"), ElementsAre(HasSubstr("h.example.net."), HasSubstr("i1.web.corp.")));
  EXPECT_THAT(https("h2._tag.web.corp"), ElementsAre(HasSubstr("h.example.net.")));
  world.put("web.corp", Given{.id = "i2", .v4 = "10.0.0.2", .port = 80});
  for (std::uint8_t network = 0; network < 8; ++network) {  // each order
    const auto m = world.ask("web.corp", type::srv, {.client = {{10, 1, network, 1}, false, 7}});
    EXPECT_THAT(data(m.answer, "SRV"), ElementsAre("1 10 80 h.example.net.", "1 10 80 i2.web.corp."));
    EXPECT_THAT(data(m.additional, "A"), ElementsAre("10.0.0.2"));
  }
}

TEST_F(HttpsRecords, OfAServiceWithoutAlpnAreNodata) {
  world.put("web.corp", Given{.id = "i1", .v4 = "10.0.0.1", .port = 443});
  const auto m = world.ask("web.corp", type::https);
  EXPECT_EQ(m.rcode, "NOERROR");
  EXPECT_THAT(m.answer, IsEmpty());
  EXPECT_THAT(m.authority, SizeIs(1));
}

}  // namespace
}  // namespace dnsd::serve::test
