// What the guard holds up is visible in DNS: EDE and _status (DESIGN sections 4 and 5).
#include <gmock/gmock.h>

#include "dnsd/serve/test_world.h"

namespace dnsd::serve::test {
namespace {

using registry::Fault;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;
namespace type = wire::type;

class GuardedServices : public testing::Test {
 protected:
  void SetUp() override {
    world.add_namespace("corp");
    world.start();
    for (int i = 1; i <= 6; ++i) {
      auto def = instance({.id = id(i), .v4 = "10.0.0." + std::to_string(i), .port = 80});
      def.checks.push_back({.name = "tcp"});
      def.tags = {i == 1 ? "odd" : "even"};
      world.put(service(i), def);
      probe(i, registry::Verdict::ok, Fault::none);
    }
  }
  static std::string id(int i) { return "i" + std::to_string(i); }
  static std::string service(int i) { return i <= 4 ? "web.corp" : "db.corp"; }
  void probe(int i, registry::Verdict verdict, Fault fault) {
    world.published(world.registry.observe_probe(service(i), id(i), "tcp", {verdict, fault, "", {}}, world.now));
  }
  // The server cannot reach anybody, itself included.
  void lose_network() {
    world.published(world.registry.observe_self_probe(true, world.now));
    for (int round = 0; round < 3; ++round) {
      for (int i = 1; i <= 6; ++i) probe(i, registry::Verdict::failed, Fault::timeout);
    }
    ASSERT_TRUE(world.registry.guard_holding());
  }
  std::string why(std::string_view name, std::uint16_t qtype) {
    const auto m = world.ask(name, qtype, {.edns = true});
    return m.errors.empty() ? "" : std::to_string(m.errors[0].code) + " " + m.errors[0].text;
  }
  std::string status() { return data(world.ask("_status.web.corp", type::txt).answer, "TXT").at(0); }

  World world;
};

TEST_F(GuardedServices, AnswersThatHoldWhatTheGuardHoldsSayIt) {
  EXPECT_EQ(why("web.corp", type::a), "");
  EXPECT_THAT(status(), Not(HasSubstr("mode")));
  lose_network();
  EXPECT_THAT(world.ask("web.corp", type::a).answer, SizeIs(4));
  const std::string text = "0 guard: failures of instances are held back";
  EXPECT_EQ(why("web.corp", type::a), text);
  EXPECT_EQ(why("web.corp", type::srv), text);
  EXPECT_EQ(why("odd._tag.web.corp", type::a), text);
  EXPECT_EQ(why("_web._tcp.corp", type::ptr), text);
  EXPECT_THAT(status(), HasSubstr("available=4 total=4"));
  EXPECT_THAT(status(), HasSubstr(" mode=guard\""));
  EXPECT_EQ(why("web.corp", type::txt), "") << "an answer that holds no instance";
  world.published(world.registry.lift_guard(world.now));
  EXPECT_EQ(why("web.corp", type::a), "0 no available instances");
  EXPECT_THAT(status(), Not(HasSubstr("mode")));
}

TEST_F(GuardedServices, BothModesAreTold) {
  registry::ServicePolicy policy;
  policy.fail_open_below = 0.5;
  world.service("web.corp", policy);
  lose_network();
  for (int i = 2; i <= 4; ++i) probe(i, registry::Verdict::failed, Fault::refused);  // dead, guard or not
  EXPECT_THAT(world.ask("web.corp", type::a).answer, SizeIs(4));
  EXPECT_EQ(why("web.corp", type::a), "0 fail-open: too few instances are available");
  EXPECT_THAT(status(), HasSubstr(" mode=fail_open,guard\""));
}

TEST_F(GuardedServices, WhatSelectorsLeaveEmptyIsNotTheGuardsDoing) {
  lose_network();
  probe(1, registry::Verdict::failed, Fault::refused);
  EXPECT_EQ(why("odd._tag.web.corp", type::a), "0 no available instances");
}

}  // namespace
}  // namespace dnsd::serve::test
