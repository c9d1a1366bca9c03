// What a drain promises: no copy of an answer, and nothing asked for because of one, outlives its safe_after.
#include <gmock/gmock.h>

#include <random>

#include "dnsd/serve/test_world.h"

namespace dnsd::serve::test {
namespace {

using testing::IsEmpty;
using testing::SizeIs;
namespace type = wire::type;

class Drain : public testing::Test {
 protected:
  void SetUp() override {
    world.add_namespace("corp");
    world.start();
    policy(5'000);
    world.put("web.corp", Given{.id = "i1", .v4 = "10.0.0.1", .port = 80});
    world.put("web.corp", Given{.id = "i2", .v4 = "10.0.0.2", .port = 80});
  }
  void policy(int ttl) {
    registry::ServicePolicy policy;
    policy.ttl = Millis(ttl);
    world.service("web.corp", policy);
  }
  void begin() { world.effect(registry::DrainEffect{"web.corp", "i1", world.now.wall, {}}); }
  // As api/native/drain.cc does it, once no worker uses the block of before.
  registry::Mono measure() {
    const auto& service = *world.registry.find_service("web.corp");
    const auto last = world.publisher.last_answered("web.corp");
    const auto safe =
        last ? std::max(world.now.mono, *last + world.registry.ttl_of(service) + world.registry.min_ttl_of(service))
             : world.now.mono;
    const auto wall = world.now.wall + std::chrono::ceil<Millis>(safe - world.now.mono);
    world.effect(registry::DrainEffect{"web.corp", "i1", world.now.wall, wall});
    return safe;
  }
  // Asks now; until when a client may use the addresses of i1 that the reply holds. Unset: none.
  std::optional<registry::Mono> held(std::string_view qname, std::uint16_t qtype) {
    const auto m = world.ask(qname, qtype);
    std::optional<registry::Mono> until;
    for (const auto* section : {&m.answer, &m.additional}) {
      for (const auto& r : *section) {
        if (r.data.find("10.0.0.1") != std::string::npos || r.data.find("i1.") != std::string::npos)
          until = std::max(until.value_or(registry::Mono{}), world.now.mono + std::chrono::seconds(r.ttl));
      }
    }
    return until;
  }
  void go_to(registry::Mono at) {
    if (at > world.now.mono) world.pass(std::chrono::duration_cast<Millis>(at - world.now.mono));
  }

  World world;
};

TEST_F(Drain, CoversAnSrvOfTheLastMomentAndItsTargetAskedAtTheEnd) {
  const auto srv_until = held("web.corp", type::srv).value();
  begin();
  EXPECT_EQ(held("web.corp", type::srv), std::nullopt);
  EXPECT_EQ(world.ask("i1.web.corp", type::a).answer.at(0).ttl, 1U) << "until it is measured nothing lasts";
  const auto safe = measure();
  EXPECT_LE(srv_until, safe);
  go_to(srv_until);
  EXPECT_LE(held("i1.web.corp", type::a).value(), safe);
}

TEST_F(Drain, CoversAServiceListThenItsInstanceThenItsAddress) {
  const auto list_until = held("_web._tcp.corp", type::ptr).value();
  begin();
  const auto safe = measure();
  go_to(list_until);
  const auto found = world.ask("i1._web._tcp.corp", type::srv);
  ASSERT_THAT(found.answer, SizeIs(1));
  ASSERT_LE(held("i1._web._tcp.corp", type::srv).value(), safe);  // with the address that came along
  go_to(world.now.mono + std::chrono::seconds(found.answer[0].ttl));
  EXPECT_LE(held("i1.web.corp", type::a).value(), safe);
}

TEST_F(Drain, RemembersTheLongerTtlThatItsAnswersHad) {
  policy(60'000);
  const auto until = held("web.corp", type::a).value();
  world.pass(Millis(1'000));
  policy(2'000);
  begin();
  EXPECT_GE(measure(), until);
}

TEST_F(Drain, AReloadRemembersItAsWell) {
  policy(60'000);
  const auto until = held("web.corp", type::a).value();
  policy(2'000);
  world.publisher.publish_all(world.registry, world.now);
  begin();
  EXPECT_GE(measure(), until);
}

TEST_F(Drain, OfWhatNobodyAskedForIsOverAtOnceAndCanBeUndone) {
  begin();
  EXPECT_EQ(measure(), world.now.mono);
  EXPECT_THAT(world.ask("web.corp", type::a).answer, SizeIs(1));
  world.effect(registry::DrainEffect{"web.corp", "i1", {}, {}});
  EXPECT_THAT(world.ask("web.corp", type::a).answer, SizeIs(2));
  EXPECT_EQ(world.ask("i1.web.corp", type::a).answer.at(0).ttl, 5U);
}

// Clients that respect TTLs, at random: each step of theirs is asked for in the last moment that the one before allows.
TEST_F(Drain, HoldsForClientsAtRandom) {
  std::mt19937 random(5);
  const auto below = [&](int n) { return std::uniform_int_distribution<int>(0, n - 1)(random); };
  for (int round = 0; round < 300; ++round) {
    world.effect(registry::DrainEffect{"web.corp", "i1", {}, {}});
    policy(1'000 * (1 + below(6)));
    world.pass(Millis(below(30'000)));
    std::optional<registry::Mono> until;
    for (int i = below(4); i > 0; --i) {
      world.pass(Millis(below(1'000)));
      const auto one = below(3) == 0 ? held("web.corp", type::a) : held("_web._tcp.corp", type::srv);
      if (one) until = std::max(until.value_or(registry::Mono{}), *one);
    }
    if (below(3) == 0) policy(1'000 * (1 + below(6)));
    world.pass(Millis(below(1'500)));
    begin();
    const auto safe = measure();
    if (!until || *until < world.now.mono) continue;
    ASSERT_LE(*until, safe) << round;
    while (below(3) != 0) {
      const auto left = std::chrono::duration_cast<Millis>(*until - world.now.mono).count();
      world.pass(Millis(below(static_cast<int>(left) + 1)));
      ASSERT_LE(held("i1.web.corp", type::a).value(), safe) << round;
    }
    go_to(*until);
    ASSERT_LE(held("i1.web.corp", type::a).value(), safe) << round;
  }
}

}  // namespace
}  // namespace dnsd::serve::test
