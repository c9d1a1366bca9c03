// The evidence, as arithmetic, and the life of a hold. Without a registry.
#include "registry/guard.h"

#include <gtest/gtest.h>

#include <vector>

namespace registry {
namespace {

using namespace std::chrono_literals;
constexpr Mono kStart = Mono{} + 1000s;

// Checks of one service in one network, each of an instance of its own; the first `suspect` of them fail.
struct Group {
  int network, service, checks, suspect;
  Millis pace{5'000};
};

// Services and instances are keys here, nothing more: any addresses that differ.
class Watched {
 public:
  explicit Watched(GuardKind kind, const GuardSettings& settings = {}) : guard(kind, settings) {}

  void put(const std::vector<Group>& groups) {
    for (const Group& group : groups) {
      for (int i = 0; i < group.checks; ++i) {
        all.push_back({{service(group.service), instance(), static_cast<std::uint64_t>(group.network), group.pace},
                       Standing::out});
        set(all.back(), i < group.suspect ? Standing::suspect : Standing::in);
      }
    }
  }
  void everything(Standing standing) {
    for (auto& each : all) set(each, standing);
  }

  Guard guard;

 private:
  struct Each {
    Witness witness;
    Standing standing;
  };
  const Service* service(int number) { return reinterpret_cast<const Service*>(keys_ + number); }
  const Instance* instance() { return reinterpret_cast<const Instance*>(keys_ + 100 + all.size()); }
  void set(Each& each, Standing standing) {
    guard.move(each.witness, each.standing, standing);
    each.standing = standing;
  }
  static inline char keys_[10'000];
  std::vector<Each> all;
};

struct EvidenceCase {
  const char* name;
  GuardKind kind;
  std::vector<Group> groups;
  bool self_failed;
  bool begins;
};

class Evidence : public testing::TestWithParam<EvidenceCase> {};

TEST_P(Evidence, BeginsExactlyWhenItIsComplete) {
  Watched field(GetParam().kind);
  field.put(GetParam().groups);
  const auto step = field.guard.look(GetParam().self_failed, kStart);
  EXPECT_EQ(step, GetParam().begins ? Guard::Step::began : Guard::Step::none) << field.guard.why();
}

constexpr auto kProbes = GuardKind::probes;
constexpr auto kLeases = GuardKind::leases;

INSTANTIATE_TEST_SUITE_P(
    Rule, Evidence,
    testing::Values(
        EvidenceCase{"HalfOfTheChecksIsNotOverHalf", kProbes, {{1, 1, 10, 6}, {2, 2, 10, 4}}, true, false},
        EvidenceCase{"OverHalfInBothNetworks", kProbes, {{1, 1, 10, 6}, {2, 2, 10, 6}}, false, true},
        EvidenceCase{"FourInstancesAreTooFew", kProbes, {{1, 1, 2, 2}, {2, 2, 2, 2}}, true, false},
        EvidenceCase{"FiveInstancesAreEnough", kProbes, {{1, 1, 3, 3}, {2, 2, 2, 2}}, false, true},
        EvidenceCase{"OneServiceIsTooFew", kProbes, {{1, 1, 10, 10}, {2, 1, 10, 10}}, true, false},
        EvidenceCase{"OneNetworkAloneMayJustBeDead", kProbes, {{1, 1, 10, 10}, {1, 2, 10, 10}}, false, false},
        EvidenceCase{"OneNetworkAloneAndTheSelfProbe", kProbes, {{1, 1, 10, 10}, {1, 2, 10, 10}}, true, true},
        EvidenceCase{"ARackOfThreeIsAThird", kProbes, {{1, 1, 10, 10}, {2, 2, 10, 0}, {3, 1, 10, 0}}, true, false},
        EvidenceCase{
            "ALargeRackIsStillOneNetwork", kProbes, {{1, 1, 15, 15}, {1, 2, 15, 15}, {2, 3, 10, 0}}, false, false},
        EvidenceCase{"ALargeRackAndTheSelfProbe", kProbes, {{1, 1, 15, 15}, {1, 2, 15, 15}, {2, 3, 10, 0}}, true, true},
        EvidenceCase{"TwoOfThreeNetworks", kProbes, {{1, 1, 10, 10}, {2, 2, 10, 10}, {3, 3, 10, 0}}, false, true},
        EvidenceCase{
            "TwoOfFourAreNotMost", kProbes, {{1, 1, 20, 20}, {2, 2, 20, 20}, {3, 3, 5, 0}, {4, 3, 5, 0}}, false, false},
        EvidenceCase{"AFifthOfTheLeasesIsNotOverAFifth", kLeases, {{1, 1, 15, 3}, {1, 2, 10, 2}}, false, false},
        EvidenceCase{"OverAFifthInTheOnlyNetwork", kLeases, {{1, 1, 15, 3}, {1, 2, 10, 3}}, false, true},
        EvidenceCase{"FourLeasesAreTooFew", kLeases, {{1, 1, 2, 2}, {1, 2, 2, 2}}, true, false},
        EvidenceCase{"OneOfTwoNetworksIsNotMost", kLeases, {{1, 1, 10, 10}, {2, 2, 10, 0}, {1, 3, 5, 5}}, false, false},
        EvidenceCase{
            "OneOfTwoNetworksAndTheSelfProbe", kLeases, {{1, 1, 10, 10}, {2, 2, 10, 0}, {1, 3, 5, 5}}, true, true},
        EvidenceCase{"WhatIsWatchedCloselyNeedNotWaitForTheRest",
                     kProbes,
                     {{1, 1, 5, 5}, {2, 2, 5, 5}, {1, 3, 50, 0, Millis(300'000)}, {2, 3, 50, 0, Millis(300'000)}},
                     false,
                     true},
        EvidenceCase{"WhatIsWatchedSeldomCounts",
                     kProbes,
                     {{1, 1, 5, 5, Millis(3'600'000)}, {2, 2, 5, 5, Millis(3'600'000)}},
                     false,
                     true}),
    [](const auto& instance) { return instance.param.name; });

class GuardHold : public testing::Test {
 protected:
  GuardHold() {
    field.put({{1, 1, 10, 10}, {2, 2, 10, 10}});
    EXPECT_EQ(look(), Guard::Step::began);
  }
  Guard::Step look() { return field.guard.look(false, now); }
  Watched field{GuardKind::probes};
  Mono now = kStart;
};

TEST_F(GuardHold, SaysWhatItSaw) {
  EXPECT_EQ(field.guard.why(),
            "20 of 20 checks timed out or were unreachable (20 instances of 2 services, 2 of 2 networks)");
  EXPECT_EQ(field.guard.begun(), 1U);
}

TEST_F(GuardHold, EndsTenSecondsAfterTheEvidenceIsGone) {
  now += 30s;
  field.everything(Standing::in);
  EXPECT_EQ(look(), Guard::Step::none);
  EXPECT_EQ(field.guard.next(), now + 10s);
  now += 9999ms;
  EXPECT_EQ(look(), Guard::Step::none);
  now += 1ms;
  EXPECT_EQ(look(), Guard::Step::recovered);
  EXPECT_EQ(field.guard.next(), Mono::max());
}

TEST_F(GuardHold, EvidenceThatComesBackBeginsTheTenSecondsAnew) {
  field.everything(Standing::in);
  EXPECT_EQ(look(), Guard::Step::none);
  now += 5s;
  field.everything(Standing::suspect);
  EXPECT_EQ(look(), Guard::Step::none);
  now += 5s;
  field.everything(Standing::in);
  EXPECT_EQ(look(), Guard::Step::none);
  EXPECT_EQ(field.guard.next(), now + 10s);
}

TEST_F(GuardHold, EndsAfterTenMinutesAndDoesNotBeginAgainWhileTheFaultLasts) {  // H5
  EXPECT_EQ(field.guard.next(), kStart + 10min);
  now += 10min - 1ms;
  EXPECT_EQ(look(), Guard::Step::none);
  now += 1ms;
  EXPECT_EQ(look(), Guard::Step::expired);
  for (int i = 0; i < 100; ++i) {
    now += 1min;
    EXPECT_EQ(look(), Guard::Step::none);
    EXPECT_FALSE(field.guard.holding());
  }
  field.everything(Standing::in);
  EXPECT_EQ(look(), Guard::Step::none);
  now = field.guard.next();
  EXPECT_EQ(look(), Guard::Step::none);
  EXPECT_EQ(field.guard.state(), Guard::State::off);
  field.everything(Standing::suspect);
  EXPECT_EQ(look(), Guard::Step::none) << "so soon it is the same fault";
  field.everything(Standing::in);
  (void)look();
  now = field.guard.next();
  (void)look();
  now += 1min;
  field.everything(Standing::suspect);
  EXPECT_EQ(look(), Guard::Step::began) << "this is another one";
}

TEST_F(GuardHold, OneCommandLiftsIt) {
  EXPECT_TRUE(field.guard.lift(now));
  EXPECT_EQ(look(), Guard::Step::none);
  EXPECT_EQ(field.guard.state(), Guard::State::spent);
  EXPECT_FALSE(field.guard.lift(now)) << "nothing is held any more";
  EXPECT_EQ(field.guard.lifted(), 1U);
}

TEST_F(GuardHold, WhatWasLiftedHasNoTimeLeft) {
  now += 30s;
  EXPECT_TRUE(field.guard.lift(now));
  field.everything(Standing::in);
  EXPECT_EQ(look(), Guard::Step::none);
  now += 10s;
  EXPECT_EQ(look(), Guard::Step::none);
  EXPECT_EQ(field.guard.state(), Guard::State::off);
  field.everything(Standing::suspect);
  EXPECT_EQ(look(), Guard::Step::none) << "so soon it is the same fault";
  EXPECT_EQ(field.guard.state(), Guard::State::spent);
}

TEST_F(GuardHold, ThatHealsJustBeforeItsTimeIsUpHasRecovered) {
  now += 10min - 3s;
  field.everything(Standing::in);
  EXPECT_EQ(look(), Guard::Step::none);
  now += 3s;
  EXPECT_EQ(field.guard.next(), now);
  EXPECT_EQ(look(), Guard::Step::recovered);
  EXPECT_EQ(field.guard.state(), Guard::State::off);
}

TEST_F(GuardHold, AFaultThatComesAndGoesIsHeldForTenMinutesInAll) {
  Millis held{};
  for (int round = 0; round < 60; ++round) {
    if (field.guard.holding()) held += 20s;
    now += 20s;
    field.everything(Standing::in);
    (void)look();
    now += 10s;
    (void)look();  // recovered
    field.everything(Standing::suspect);
    (void)look();
  }
  EXPECT_LE(held, 10min);
  EXPECT_GE(held, 6min) << "20 of 30 seconds until its time was used up";
}

TEST(Guard, IsOffWhenItIsSwitchedOff) {
  Watched field(GuardKind::probes, {.enabled = false});
  field.put({{1, 1, 10, 10}, {2, 2, 10, 10}});
  EXPECT_EQ(field.guard.look(true, kStart), Guard::Step::none);
}

TEST(Guard, TakesItsNumbersFromTheSettings) {
  Watched field(GuardKind::probes, {.share = 0.9, .instances = 12, .services = 3, .hold = 60s});
  field.put({{1, 1, 10, 10}, {2, 2, 10, 8}, {2, 3, 1, 1}});
  EXPECT_EQ(field.guard.look(true, kStart), Guard::Step::began) << "19 of 21";
  EXPECT_EQ(field.guard.until(), kStart + 60s);
  Watched less(GuardKind::probes, {.share = 0.9, .instances = 12, .services = 3, .hold = 60s});
  less.put({{1, 1, 10, 10}, {2, 2, 10, 7}, {2, 3, 1, 1}});
  EXPECT_EQ(less.guard.look(true, kStart), Guard::Step::none) << "18 of 21";
}

TEST(Network, IsTheAddressesSlash24OrSlash64) {
  const auto v4 = [](const char* text) { return Addresses{parse_ipv4(text), {}}; };
  const auto v6 = [](const char* text) { return Addresses{{}, parse_ipv6(text)}; };
  EXPECT_EQ(network_of(v4("10.0.1.7"), Family::any), network_of(v4("10.0.1.250"), Family::any));
  EXPECT_NE(network_of(v4("10.0.1.7"), Family::any), network_of(v4("10.0.2.7"), Family::any));
  EXPECT_EQ(network_of(v6("fd00:1::1"), Family::any), network_of(v6("fd00:1::ffff"), Family::any));
  EXPECT_NE(network_of(v6("fd00:1::1"), Family::any), network_of(v6("fd00:1:0:1::1"), Family::any));
  const Addresses both{parse_ipv4("10.0.1.7"), parse_ipv6("fd00::1")};
  EXPECT_EQ(network_of(both, Family::any), network_of(v4("10.0.1.7"), Family::any));
  EXPECT_EQ(network_of(both, Family::ipv6), network_of(v6("fd00::1"), Family::any));
  EXPECT_EQ(network_of({}, Family::any), 0U);
}

}  // namespace
}  // namespace registry
