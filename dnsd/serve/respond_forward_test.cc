// Which questions leave us, as the responder decides it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dnsd/serve/test_world.h"

namespace dnsd::serve {
namespace {

using namespace test;
using wire::type::a;

ResponderOptions forwarding(std::string_view allow_recursion = {}) {
  ResponderOptions options;
  options.forwards = true;
  if (!allow_recursion.empty()) options.allow_recursion = {*registry::parse_prefix(allow_recursion)};
  return options;
}

answers::PublisherOptions listening() {
  answers::PublisherOptions options;
  options.listen_addresses = {"127.0.0.1"};
  return options;
}

class Forwarding : public testing::Test {
 protected:
  explicit Forwarding(ResponderOptions options = forwarding()) : world(listening(), std::move(options)) {
    world.add_namespace("corp");
    world.add_namespace("eu.west");
    world.put("web.corp", {.id = "i1", .v4 = "10.0.0.1", .port = 80});
    world.start();
  }
  Handover hands(std::string_view name, std::uint16_t type = a, Ask ask = {.rd = true}) {
    size = world.raw(query(name, type, ask), ask).size();
    return world.handed_over;
  }
  World world;
  std::size_t size = 0;
};

class ForwardingForSome : public Forwarding {
 protected:
  ForwardingForSome() : Forwarding(forwarding("10.0.0.0/8")) {}
};

// The zone's own list lets everybody in, the server's does not.
ResponderOptions with_open_zone() {
  auto options = forwarding();
  options.allow_query = {*registry::parse_prefix("10.0.0.0/8")};
  options.zone_access = {{answers::name_to_wire("corp").value(), {*registry::parse_prefix("0.0.0.0/0")}}};
  return options;
}

class ForwardingBesideAnOpenZone : public Forwarding {
 protected:
  ForwardingBesideAnOpenZone() : Forwarding(with_open_zone()) {}
};

bool recursion_available(const World& world) { return (world.last[3] & 0x80) != 0; }

TEST_F(Forwarding, WhatIsInNoZoneOfOursIsHandedOverWithoutAReply) {
  for (const auto* name : {"example.com", ".", "corpx", "west", "xcorp"}) {
    EXPECT_EQ(hands(name), Handover::forwarding) << name;
    EXPECT_EQ(size, 0U) << name;
  }
}

TEST_F(Forwarding, WhatIsOursIsAnsweredHereWhateverItsType) {
  for (const auto* name : {"corp", "web.corp", "i1.web.corp", "nope.corp", "a.b.c.corp", "x.eu.west"}) {
    for (const std::uint16_t type : std::initializer_list<std::uint16_t>{1, 2, 6, 28, 33, 43, 65, 255, 65280}) {
      EXPECT_EQ(hands(name, type), Handover::none) << name << " " << type;
      EXPECT_NE(size, 0U) << name;
    }
  }
}

TEST_F(Forwarding, WithoutRdItIsRefusedAsEver) {
  EXPECT_EQ(hands("example.com", a, {}), Handover::none);
  EXPECT_EQ(world.ask("example.com", a).rcode, "REFUSED");
  EXPECT_TRUE(recursion_available(world)) << "with RD it would be forwarded";
}

TEST_F(Forwarding, TypesThatAreNoQuestionsAboutDataStay) {
  for (const std::uint16_t type : std::initializer_list<std::uint16_t>{0, 41, 128, 249, 250, 251, 252, 254})
    EXPECT_EQ(hands("example.com", type), Handover::none) << type;
  for (const std::uint16_t type : std::initializer_list<std::uint16_t>{1, 127, 255, 256, 65280})
    EXPECT_EQ(hands("example.com", type), Handover::forwarding) << type;
}

TEST_F(Forwarding, OtherClassesAndMalformedQueriesStay) {
  EXPECT_EQ(hands("example.com", a, {.rd = true, .klass = wire::klass::ch}), Handover::none);
  auto packet = query("example.com", a, {.rd = true});
  packet.resize(packet.size() - 1);
  (void)world.raw(packet);
  EXPECT_EQ(world.handed_over, Handover::none);
}

TEST_F(Forwarding, RecursionIsAvailableInOurOwnAnswersToo) {
  EXPECT_EQ(world.ask("web.corp", a).rcode, "NOERROR");
  EXPECT_TRUE(recursion_available(world));
}

TEST_F(ForwardingForSome, OthersAreRefusedAndSeeNoRecursion) {
  const Ask stranger{.rd = true, .client = {{192, 168, 0, 1}, false, 4000}};
  EXPECT_EQ(hands("example.com", a, stranger), Handover::none);
  EXPECT_EQ(world.ask("example.com", a, stranger).rcode, "REFUSED");
  EXPECT_FALSE(recursion_available(world));
  const Ask friendly{.rd = true, .client = {{10, 1, 2, 3}, false, 4000}};
  EXPECT_EQ(hands("example.com", a, friendly), Handover::forwarding);
  EXPECT_EQ(world.ask("corp", a, friendly).rcode, "NOERROR");
  EXPECT_TRUE(recursion_available(world));
}

TEST_F(ForwardingBesideAnOpenZone, WhoMayAskForItDoesNotRecurseByIt) {
  registry::ServicePolicy policy;
  policy.alias = "www.example.com";
  world.service("out.corp", policy);
  const Ask stranger{.rd = true, .client = {{192, 168, 0, 1}, false, 4000}};
  EXPECT_EQ(world.ask("web.corp", a, stranger).rcode, "NOERROR");
  EXPECT_FALSE(recursion_available(world));
  EXPECT_EQ(hands("out.corp", a, stranger), Handover::none);
  EXPECT_EQ(hands("example.com", a, stranger), Handover::none);
  EXPECT_EQ(hands("out.corp", a, {.rd = true, .client = {{10, 1, 2, 3}, false, 4000}}), Handover::forwarding);
}

// A forged source that may recurse would be flooded with what upstreams say.
TEST(ForwardingLimited, ForeignNamesCountAsResponses) {
  auto options = forwarding();
  options.rate_limit = {.responses_per_second = 5, .slip = 2};
  World world(listening(), options);
  world.add_namespace("corp");
  world.start();
  int forwarded = 0, slipped = 0;
  for (int i = 0; i < 25; ++i) {
    const auto reply = world.raw(query("example.com", a, {.rd = true}), {.rd = true});
    forwarded += world.handed_over == Handover::forwarding ? 1 : 0;
    slipped += !reply.empty() && (reply[2] & 2) != 0 ? 1 : 0;
  }
  EXPECT_EQ(forwarded, 5);
  EXPECT_EQ(slipped, 10);
}

TEST(ForwardingOff, NothingIsHandedOver) {
  World world;
  world.add_namespace("corp");
  world.start();
  EXPECT_EQ(world.ask("example.com", a, {.rd = true}).rcode, "REFUSED");
  EXPECT_EQ(world.handed_over, Handover::none);
  EXPECT_FALSE(recursion_available(world));
}

TEST(ForwardingEarly, BeforeOurZonesAreKnownNothingIsHandedOver) {
  World world(listening(), forwarding());
  EXPECT_EQ(world.ask("example.com", a, {.rd = true}).rcode, "SERVFAIL");
  EXPECT_EQ(world.handed_over, Handover::none);
}

}  // namespace
}  // namespace dnsd::serve
