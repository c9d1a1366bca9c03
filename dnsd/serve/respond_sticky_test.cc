// order = "sticky": the same instances for the same client network, whoever comes and goes.
#include <gmock/gmock.h>

#include <map>
#include <random>

#include "dnsd/serve/test_world.h"

namespace dnsd::serve::test {
namespace {

using testing::IsEmpty;
using testing::SizeIs;
namespace type = wire::type;
using Addresses = std::vector<std::string>;

Client network(unsigned n, std::uint8_t host = 1) {
  return {{10, static_cast<std::uint8_t>(n >> 8), static_cast<std::uint8_t>(n), host},
          false,
          static_cast<std::uint16_t>(1024 + host)};
}

class Sticky : public testing::Test {
 protected:
  void SetUp() override {
    world.add_namespace("corp");
    policy(10);
    world.start();
  }
  void policy(int max_answers) {
    registry::ServicePolicy policy;
    policy.order = registry::Order::sticky;
    policy.max_answers = max_answers;
    world.service("web.corp", policy);
  }
  void put(int i, int weight = 10) {
    world.put("web.corp", Given{.id = id(i),
                                .v4 = "10.9." + std::to_string(i / 200) + "." + std::to_string(i % 200 + 1),
                                .weight = weight});
  }
  static std::string id(int i) { return "i" + std::to_string(i); }
  static std::string address(int i) { return "10.9." + std::to_string(i / 200) + "." + std::to_string(i % 200 + 1); }
  Addresses in_order(const Client& client, std::uint16_t qtype = type::a) {
    Addresses out;
    for (const auto& record : world.ask("web.corp", qtype, {.client = client}).answer) out.push_back(record.data);
    return out;
  }
  std::vector<Addresses> of_all_networks(std::uint16_t qtype = type::a) {
    std::vector<Addresses> out;
    for (unsigned n = 0; n < 200; ++n) out.push_back(in_order(network(n), qtype));
    return out;
  }

  World world;
};

TEST_F(Sticky, AClientNetworkGetsTheSameInstancesInTheSameOrder) {
  for (int i = 0; i < 100; ++i) put(i);
  const auto first = in_order(network(7));
  EXPECT_THAT(first, SizeIs(10));
  for (std::uint8_t host = 1; host < 100; ++host) {
    world.pass(Millis(700));
    EXPECT_EQ(in_order(network(7, host)), first);
  }
  std::set<Addresses> different;
  for (const auto& one : of_all_networks()) different.insert(one);
  EXPECT_GT(different.size(), 150U);
}

TEST_F(Sticky, WhoLeavesIsReplacedByOneAndTheOthersKeepTheirOrder) {
  for (int i = 0; i < 100; ++i) put(i);
  const auto before = of_all_networks();
  world.remove("web.corp", id(42));
  const auto after = of_all_networks();
  int touched = 0;
  for (std::size_t n = 0; n < before.size(); ++n) {
    auto rest = before[n];
    if (std::erase(rest, address(42)) == 0) {
      EXPECT_EQ(after[n], before[n]);
      continue;
    }
    ++touched;
    ASSERT_THAT(after[n], SizeIs(10));
    EXPECT_TRUE(std::equal(rest.begin(), rest.end(), after[n].begin()));
  }
  EXPECT_GT(touched, 5);
  put(42);
  EXPECT_EQ(of_all_networks(), before) << "the hash alone decides";
}

TEST_F(Sticky, BothFamiliesOfAnInstanceComeTogether) {
  for (int i = 0; i < 30; ++i)
    world.put("web.corp", Given{.id = id(i), .v4 = address(i), .v6 = "fd00::" + std::to_string(i + 1)});
  for (unsigned n = 0; n < 50; ++n) {
    Addresses expected;
    for (const auto& v4 : in_order(network(n))) expected.push_back("fd00::" + v4.substr(v4.rfind('.') + 1));
    EXPECT_EQ(in_order(network(n), type::aaaa), expected);
  }
}

TEST_F(Sticky, AllAreAnsweredWhereAllAreAskedFor) {
  policy(0);
  for (int i = 0; i < 100; ++i) put(i);
  const auto shown = world.ask("web.corp", type::a, {.tcp = true});
  EXPECT_EQ((std::set<std::string>([&] {
               std::set<std::string> all;
               for (const auto& record : shown.answer) all.insert(record.data);
               return all;
             }())
                 .size()),
            100U);
}

TEST_F(Sticky, TheFirstPlaceGoesByWeight) {
  const std::map<std::string, double> expected{
      {address(1), 0.1}, {address(2), 0.2}, {address(3), 0.3}, {address(4), 0.4}};
  for (int i = 1; i <= 4; ++i) put(i, i * 10);
  put(5, 0);
  std::map<std::string, double> share;
  constexpr unsigned kNetworks = 20'000;
  for (unsigned n = 0; n < kNetworks; ++n) share[in_order(network(n)).front()] += 1.0 / kNetworks;
  EXPECT_EQ(share.count(address(5)), 0U) << "weight 0 comes last";
  // 1,024 buckets decide: a standard deviation is at most 1.6 %.
  for (const auto& [who, wanted] : expected) EXPECT_NEAR(share[who], wanted, 0.06) << who;
}

TEST_F(Sticky, TheNetworkThatTheQueryNamesCounts) {
  for (int i = 0; i < 100; ++i) put(i);
  const std::string ecs("\0\10\0\7\0\1\30\0\12\0\7", 11);  // 10.0.7.0/24
  const auto m = world.ask("web.corp", type::a, {.edns = true, .options = ecs, .client = network(9)});
  Addresses named;
  for (const auto& record : m.answer) named.push_back(record.data);
  EXPECT_EQ(named, in_order(network(7)));
  ASSERT_THAT(m.edns->options, SizeIs(1));
  EXPECT_EQ(static_cast<int>(m.edns->options[0].data[3]), 24);
}

// Ranks are mended at each change; ranked from nothing, as at a start, they are the same.
TEST_F(Sticky, WhatWasMendedIsWhatWouldBeRankedAnew) {
  std::mt19937 random(20260);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same histories each time
  const auto up_to = [&](int n) { return std::uniform_int_distribution<int>(0, n - 1)(random); };
  for (int round = 0; round < 12; ++round) {
    policy(round % 3 == 0 ? 0 : 3 + round);
    for (int step = 0; step < 25; ++step) {
      const int i = up_to(round % 2 == 0 ? 12 : 90);
      const int kind = up_to(6);
      if (kind == 0) {
        if (world.registry.find_instance("web.corp", id(i)) != nullptr) world.remove("web.corp", id(i));
      } else {
        const int shared = kind == 1 ? i / 2 : i;  // an address that others have as well
        world.put("web.corp", Given{.id = id(i),
                                    .v4 = kind == 2 ? "" : address(shared),
                                    .v6 = kind <= 3 ? "fd00::" + std::to_string(shared + 1) : "",
                                    .weight = up_to(4) * 10});
      }
    }
    const auto v4 = of_all_networks(), v6 = of_all_networks(type::aaaa);
    world.start();  // a new generation: every block is built from nothing
    EXPECT_EQ(of_all_networks(), v4) << round;
    EXPECT_EQ(of_all_networks(type::aaaa), v6) << round;
  }
}

}  // namespace
}  // namespace dnsd::serve::test
