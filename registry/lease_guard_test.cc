// The guard of the leases: heartbeats that all stop are a fault in front of us, a few that stop are not.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "registry/registry_fleet.h"

namespace registry {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Leases : public Fleet {
 protected:
  Leases() { put_fleet(10, 2, lease(30s)); }
  template <class Alive>
  void beat_all(Alive alive) {
    each([&](const std::string& of, const std::string& id, int network) {
      if (alive(network)) keep(registry.heartbeat(of, id, {}, {}, {}, now).value());
    });
  }
  void beat_all() {
    beat_all([](int) { return true; });
  }
};

TEST_F(Leases, AllHeartbeatsStopForTwoTermsAndNothingChanges) {  // L4
  advance(10s);
  beat_all();
  went_down = 0;
  for (int i = 0; i < 60; ++i) advance(1s);
  EXPECT_EQ(count_available(), 100);
  EXPECT_EQ(went_down, 0);
  EXPECT_EQ(count_reason(Reason::guard_held), 100);
  EXPECT_EQ(registry.because(service(0), "i0", now.wall), "no heartbeat for 30s, held by the guard");
  beat_all();
  EXPECT_EQ(count_reason(Reason::ok), 100);
  advance(10s);
  EXPECT_THAT(told, ElementsAre("leases holding", "leases off"));
  beat_all();
  advance(29s);
  EXPECT_EQ(count_available(), 100);
}

TEST_F(Leases, ThatEndOneAfterTheOtherAreRevertedWhenTheyAreOverAFifth) {
  each([&](const std::string& of, const std::string& id, int) {  // heartbeats spread over ten seconds
    advance(100ms);
    keep(registry.heartbeat(of, id, {}, {}, {}, now).value());
  });
  went_down = 0;
  for (int i = 0; i < 400; ++i) advance(100ms);
  EXPECT_EQ(went_down, 21) << "eleven of fifty in one network; the next one is over a fifth in the other as well";
  EXPECT_EQ(count_available(), 100);
  EXPECT_THAT(registry.due(now, 1000).instances, IsEmpty());
}

TEST_F(Leases, AFewThatEndAreBelieved) {
  advance(10s);
  beat_all();
  for (int i = 0; i < 5; ++i) {
    advance(10s);
    each([&](const std::string& of, const std::string& id, int) {
      if (id.size() == 3 || of != "s0.corp") keep(registry.heartbeat(of, id, {}, {}, {}, now).value_or(ChangeSet{}));
    });
  }
  EXPECT_EQ(count_available(), 90) << "i0 to i9 are gone: a tenth";
  EXPECT_THAT(told, IsEmpty());
}

TEST_F(Leases, OneOfTwoNetworksIsBelieved) {
  for (int i = 0; i < 5; ++i) {
    advance(10s);
    beat_all([](int network) { return network == 0; });
  }
  EXPECT_EQ(count_available(), 50);
  EXPECT_THAT(told, IsEmpty());
}

TEST_F(Leases, WhoStaysSilentWhenTheOthersAreBackGetsOneTermAndEnds) {
  for (int i = 0; i < 40; ++i) advance(1s);
  EXPECT_EQ(count_reason(Reason::guard_held), 100);
  const auto alive = [&] {
    each([&](const std::string& of, const std::string& id, int) {
      if (id != "i0") keep(registry.heartbeat(of, id, {}, {}, {}, now).value());
    });
  };
  alive();
  advance(10s);
  EXPECT_FALSE(registry.guard_holding());
  EXPECT_EQ(get(service(0), "i0").lease_deadline, now.mono + 30s);
  EXPECT_EQ(get(service(0), "i0").reason, Reason::ok);
  for (int i = 0; i < 3; ++i) advance(10s), alive();
  EXPECT_EQ(get(service(0), "i0").reason, Reason::lease_expired);
  EXPECT_EQ(count_available(), 99);
}

TEST_F(Leases, TheHoldEndsByItselfAndThenTheyAreOver) {
  advance(30s);
  ASSERT_TRUE(registry.guard_holding());
  advance(10min - 1ms);
  EXPECT_EQ(count_available(), 100);
  advance(1ms);
  EXPECT_EQ(count_available(), 0);
  EXPECT_EQ(count_reason(Reason::lease_expired), 100);
  EXPECT_EQ(registry.next_deadline(), now.mono + 10s) << "when the spent guard is off again";
  advance(10min);
  EXPECT_EQ(registry.due(now, 1000).instances.size(), 100U) << "deregister_after runs from here";
}

TEST_F(Leases, AHeldOneIsRenewedByAnEqualRegistration) {
  advance(30s);
  keep(registry.renew_lease(service(0), "i0", now));
  EXPECT_EQ(get(service(0), "i0").reason, Reason::ok);
  EXPECT_EQ(get(service(0), "i0").lease_deadline, now.mono + 30s);
}

TEST_F(Leases, ReportedStatesStayWhatTheyAre) {
  keep(registry.heartbeat(service(0), "i0", {}, CheckState::critical, "disk full", now).value());
  advance(30s);
  EXPECT_FALSE(get(service(0), "i0").available);
  EXPECT_EQ(get(service(0), "i0").reason, Reason::check_failing);
  EXPECT_EQ(count_available(), 99);
}

// Two leases each, of which the second one's beats go on.
class TwoLeases : public Fleet {
 protected:
  TwoLeases() {
    CheckDef first = lease(30s), second = lease(30s);
    first.name = "first";
    second.name = "second";
    put_fleet(10, 2, std::vector{first, second});
  }
  void beat_all(std::string_view check) {
    each([&](const std::string& of, const std::string& id, int) {
      keep(registry.heartbeat(of, id, check, {}, {}, now).value());
    });
  }
};

TEST_F(TwoLeases, AreHeldAndLetGoEachForItself) {
  advance(20s);
  beat_all("second");
  advance(10s);  // the first ones are over
  EXPECT_TRUE(registry.guard_holding());
  EXPECT_EQ(count_available(), 100);
  EXPECT_EQ(get(service(0), "i0").trace[0].lease, LeasePhase::held);
  EXPECT_EQ(get(service(0), "i0").trace[1].lease, LeasePhase::running);
  EXPECT_EQ(get(service(0), "i0").lease_deadline, now.mono + 20s);
  advance(20s);  // and so are the second ones
  EXPECT_EQ(get(service(0), "i0").trace[1].lease, LeasePhase::held);
  EXPECT_FALSE(get(service(0), "i0").lease_deadline);
  beat_all("first");
  EXPECT_EQ(get(service(0), "i0").reason, Reason::guard_held) << "the other one is silent still";
  beat_all("second");
  EXPECT_EQ(count_reason(Reason::ok), 100);
  EXPECT_EQ(registry.held_instances(), 0U);
}

TEST_F(TwoLeases, AreBelievedTogetherWhenTheGuardIsLifted) {
  advance(30s);
  ASSERT_EQ(registry.held_instances(), 100U);
  keep(registry.lift_guard(now));
  EXPECT_EQ(count_reason(Reason::lease_expired), 100);
  EXPECT_EQ(registry.held_instances(), 0U);
  advance(10min);
  EXPECT_EQ(registry.due(now, 1000).instances.size(), 100U);
}

}  // namespace
}  // namespace registry
