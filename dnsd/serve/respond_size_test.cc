// Order, limit and size of answers (CASES 3.6).
#include <gmock/gmock.h>

#include <chrono>
#include <map>

#include "dnsd/serve/test_world.h"

namespace dnsd::serve::test {
namespace {

using testing::AllOf;
using testing::Each;
using testing::Ge;
using testing::IsEmpty;
using testing::Le;
using testing::SizeIs;
namespace type = wire::type;

class Size : public testing::Test {
 protected:
  void SetUp() override {
    world.add_namespace("corp");
    world.start();
  }
  // `n` instances 10.0.x.y:80.
  void fill(const std::string& service, int n, registry::ServicePolicy policy = all(0)) {
    registry::Record record{world.registry.reserve_revision(), world.now.wall, {}};
    record.effects.emplace_back(registry::PutServiceEffect{name(service), std::move(policy), true, 0});
    for (int i = 0; i < n; ++i) {
      record.effects.emplace_back(registry::PutInstanceEffect{
          service,
          instance({.id = "w" + std::to_string(i),
                    .v4 = "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250 + 1),
                    .port = 80}),
          0});
    }
    world.published(world.registry.apply(record, world.now));
  }
  static registry::ServicePolicy all(int max_answers) {
    registry::ServicePolicy policy;
    policy.max_answers = max_answers;
    return policy;
  }
  static Ask from(std::uint16_t port, Ask ask = {}) {
    ask.client.port = port;
    return ask;
  }
  World world;
};

TEST_F(Size, ANewSocketGetsANewOrder) {
  fill("web.corp", 3);
  std::set<std::string> first;
  for (std::uint16_t port = 1; port < 40; ++port)
    first.insert(world.ask("web.corp", type::a, from(port)).answer.at(0).data);
  EXPECT_THAT(first, SizeIs(3));
}

TEST_F(Size, StableOrderIsTheSameForAll) {
  auto policy = all(0);
  policy.order = registry::Order::stable;
  fill("web.corp", 3, policy);
  const auto one = world.ask("web.corp", type::a, from(1)).answer;
  for (std::uint16_t port = 2; port < 20; ++port) EXPECT_EQ(world.ask("web.corp", type::a, from(port)).answer, one);
}

TEST_F(Size, OneSocketInOneSecondNamesTheSameInstancesInBothFamilies) {
  world.service("web.corp", all(2));
  for (int i = 0; i < 9; ++i) {
    const auto n = std::to_string(i + 1);
    world.put("web.corp", Given{.id = "i" + n, .v4 = "10.0.0." + n, .v6 = "::" + n, .weight = i + 1});
  }
  for (std::uint16_t port = 1; port < 50; ++port) {
    const auto four = world.ask("web.corp", type::a, from(port)).answer;
    const auto six = world.ask("web.corp", type::aaaa, from(port)).answer;
    ASSERT_THAT(four, SizeIs(2));
    ASSERT_THAT(six, SizeIs(2));
    for (int i = 0; i < 2; ++i) EXPECT_EQ(four[i].data.substr(7), six[i].data.substr(2));
  }
}

std::map<std::string, int> first_shares(World& world, int draws, std::uint16_t qtype = type::a) {
  std::map<std::string, int> first;
  for (int i = 0; i < draws; ++i) {
    Ask ask;
    ask.client.port = static_cast<std::uint16_t>(i);
    ask.client.address = {10, 1, static_cast<std::uint8_t>(i >> 16), 0};
    ++first[world.ask("web.corp", qtype, ask).answer.at(0).data];
  }
  return first;
}

TEST_F(Size, SharesFollowTheWeights) {
  for (const int limit : {1, 8}) {
    world.service("web.corp", all(limit));
    world.put("web.corp", Given{.id = "a", .v4 = "10.0.0.1", .weight = 1});
    world.put("web.corp", Given{.id = "b", .v4 = "10.0.0.2", .weight = 9});
    EXPECT_NEAR(first_shares(world, 10'000)["10.0.0.1"], 1'000, 200) << limit;
  }
}

TEST_F(Size, SharesFollowTheWeightsInAServiceOfMixedFamilies) {
  world.put("web.corp", Given{.id = "a", .v4 = "10.0.0.1", .weight = 1});
  world.put("web.corp", Given{.id = "b", .v4 = "10.0.0.2", .v6 = "::2", .weight = 3});
  world.put("web.corp", Given{.id = "c", .v6 = "::3", .weight = 6});
  EXPECT_NEAR(first_shares(world, 10'000)["10.0.0.1"], 2'500, 200);
  EXPECT_NEAR(first_shares(world, 10'000, type::aaaa)["::2"], 3'333, 200);
}

TEST_F(Size, WeightZeroIsNeverFirstUnlessAllAreZero) {
  world.put("web.corp", Given{.id = "a", .v4 = "10.0.0.1", .weight = 0});
  world.put("web.corp", Given{.id = "b", .v4 = "10.0.0.2", .weight = 5});
  EXPECT_EQ(first_shares(world, 500)["10.0.0.1"], 0);
  world.put("web.corp", Given{.id = "b", .v4 = "10.0.0.2", .weight = 0});
  EXPECT_NEAR(first_shares(world, 1'000)["10.0.0.1"], 500, 100);
}

TEST_F(Size, AnswersExactlyTheLimitAndAllSrv) {
  for (int limit = 1; limit <= 6; ++limit) {
    fill("web.corp", 6, all(limit));
    EXPECT_THAT(world.ask("web.corp", type::a, {.edns = true, .size = 8192}).answer, SizeIs(limit));
    EXPECT_THAT(world.ask("web.corp", type::a, {.tcp = true}).answer, SizeIs(limit));
    EXPECT_THAT(world.ask("web.corp", type::srv, {.tcp = true}).answer, SizeIs(6));
  }
  fill("web.corp", 60, {});
  EXPECT_THAT(world.ask("web.corp", type::a).answer, SizeIs(8));  // the default; musl takes at most 48
}

TEST_F(Size, MaxSrvKeepsTheBestPriorities) {
  registry::ServicePolicy policy;
  policy.max_srv = 2;
  world.service("web.corp", policy);
  for (int i = 0; i < 4; ++i) {
    const auto n = std::to_string(i + 1);
    world.put("web.corp", Given{.id = "i" + n, .v4 = "10.0.0." + n, .port = 80, .priority = i < 2 ? 7 : 1});
  }
  const auto m = world.ask("web.corp", type::srv);
  EXPECT_THAT(data(m.answer, "SRV"), testing::ElementsAre("1 10 80 i3.web.corp.", "1 10 80 i4.web.corp."));
  EXPECT_THAT(m.additional, SizeIs(2));
}

TEST_F(Size, ATruncatedAnswerIsAPrefixInWholeRecords) {
  fill("web.corp", 50);
  const auto small = world.ask("web.corp", type::a);
  EXPECT_TRUE(small.tc);
  EXPECT_LE(world.last.size(), 512U);
  EXPECT_GE(world.last.size(), 512U - 16);
  const auto larger = world.ask("web.corp", type::a, {.edns = true, .size = 600});
  EXPECT_GT(larger.answer.size(), small.answer.size());
  EXPECT_LE(world.last.size(), 600U);
  EXPECT_TRUE(larger.edns.has_value());
  EXPECT_TRUE(std::equal(small.answer.begin(), small.answer.end(), larger.answer.begin()));
  const auto whole = world.ask("web.corp", type::a, {.tcp = true});
  EXPECT_FALSE(whole.tc);
  EXPECT_THAT(whole.answer, SizeIs(50));
  EXPECT_LE(world.ask("web.corp", type::a, {.edns = true, .size = 100}).answer.size(), small.answer.size());
  EXPECT_LE(world.last.size(), 512U);
}

TEST_F(Size, AdditionalDataGoesFirstAndWithoutTc) {
  fill("web.corp", 12);
  const auto m = world.ask("web.corp", type::srv);
  EXPECT_FALSE(m.tc);
  EXPECT_THAT(m.answer, SizeIs(12));
  EXPECT_LT(m.additional.size(), 12U);
  EXPECT_LE(world.last.size(), 512U);
}

TEST_F(Size, SweepOfServicesAndSizesKeepsEveryBound) {
  for (const int n : {1, 2, 7, 8, 9, 29, 30, 64, 250, 1000, 5000}) {
    const std::string service = "s" + std::to_string(n) + ".corp";
    fill(service, n);
    for (const std::uint16_t qtype : {type::a, type::aaaa, type::srv, type::ptr}) {
      const std::string qname = qtype == type::ptr ? "_s" + std::to_string(n) + "._tcp.corp" : service;
      for (const int octets : {0, 512, 513, 777, 1231, 1232, 4096}) {
        const auto size = static_cast<std::uint16_t>(octets);
        const auto m = world.ask(qname, qtype, {.edns = size != 0, .size = size});
        EXPECT_LE(world.last.size(), std::clamp<std::size_t>(size, 512, 1232)) << qname << " " << size;
        EXPECT_EQ(m.edns.has_value(), size != 0);
        EXPECT_EQ(m.tc, qtype != type::aaaa && static_cast<int>(m.answer.size()) < n)
            << qname << " " << qtype << " " << size;
        if (m.tc) {
          EXPECT_THAT(m.additional, IsEmpty());
        }
      }
      const auto m = world.ask(qname, qtype, {.edns = true, .tcp = true});
      EXPECT_LE(world.last.size(), 65'535U);
      EXPECT_EQ(m.tc, qtype != type::aaaa && static_cast<int>(m.answer.size()) < n);
      if (qtype == type::a && n <= 1000) {
        EXPECT_THAT(m.answer, SizeIs(n));
      }
    }
  }
}

TEST_F(Size, AddressesThatRepeatStandOnceAlsoInLargeAnswers) {
  world.service("web.corp", all(0));
  for (int i = 0; i < 40; ++i) {
    world.put("web.corp",
              Given{.id = "i" + std::to_string(i), .v4 = "10.0.0." + std::to_string(i % 10 + 1), .weight = i % 3 + 1});
  }
  for (std::uint16_t port = 1; port < 30; ++port) {
    const auto addresses = data(world.ask("web.corp", type::a, from(port)).answer, "A");
    EXPECT_THAT(addresses, SizeIs(10));
    EXPECT_EQ(std::set(addresses.begin(), addresses.end()).size(), 10U);
  }
}

TEST_F(Size, SrvOrderDependsOnTheClientsPrefixOnly) {
  fill("web.corp", 9);
  const auto one = world.ask("web.corp", type::srv, from(1)).answer;
  EXPECT_EQ(world.ask("web.corp", type::srv, from(2)).answer, one);
  std::set<std::string> first;
  for (std::uint8_t net = 0; net < 60; ++net) {
    Ask ask;
    ask.client.address = {10, 0, net, 1};
    first.insert(world.ask("web.corp", type::srv, ask).answer.at(0).data);
  }
  EXPECT_THAT(first, SizeIs(9));
}

}  // namespace
}  // namespace dnsd::serve::test
