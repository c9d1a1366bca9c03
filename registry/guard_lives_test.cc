// Random histories of a fleet under both guards: what holds at every step.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <random>

#include "registry/registry_fleet.h"

namespace registry {
namespace {

using testing::Contains;
using testing::HasSubstr;

// Random lives: whatever happens, what is held is held by a guard, available, and let go in the end.
class RandomLives : public Fleet, public testing::WithParamInterface<unsigned> {
 protected:
  int pick(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }

  void one_step() {
    const int at = pick(60);
    const std::string of = service(at / 10), id = fmt::format("i{}", at);
    const bool dark = dark_ > 0 && pick(10) != 0;
    switch (pick(12)) {
      case 0:
        return register_one(of, id);
      case 1:
        put(DeleteInstance{name(of), id});
        return keep(std::move(changes));
      case 2:
        dark_ = pick(4) == 0 ? 60 : dark_;
        return;
      case 3:
        return advance(Millis(pick(8'000)));
      case 4:
        if (pick(20) == 0) keep(registry.lift_guard(now));
        if (pick(10) == 0) keep(registry.observe_self_probe(pick(2) == 0, now));
        return;
      case 5:
        if (!dark) keep(registry.heartbeat(of, id, {}, {}, {}, now).value_or(ChangeSet{}));
        return;
      default:
        const Fault fault = pick(8) == 0 ? Fault::refused : Fault::timeout;
        const bool bad = dark || pick(6) == 0;
        --dark_;
        keep(registry.observe_probe(of, id, "tcp", {bad ? Verdict::failed : Verdict::ok, fault, "x", {}}, now));
    }
  }
  void register_one(const std::string& of, const std::string& id) {
    CheckDef check = tcp_check();
    check.fall = 1 + pick(3);
    InstanceDef def = instance(id, fmt::format("10.0.{}.{}", pick(3), 1 + pick(200)));
    std::vector checks = pick(3) == 0 ? std::vector{lease(Millis(2'000 + pick(20'000)))} : std::vector{check};
    if (pick(8) == 0 && checks[0].name != "lease") checks.push_back(lease(10s));
    def.checks = std::move(checks);
    put_instance(of, def);
    keep(std::move(changes));
  }
  void check_all() {
    std::size_t held = 0;
    for (const auto& [key, each_service] : registry.services()) {
      std::size_t available = 0;
      for (const auto& [id, one] : each_service.instances) {
        available += one.available;
        bool any = one.lease_held;
        for (std::size_t i = 0; i < one.status.size(); ++i) any |= is_held(one.status[i], (*one.checks)[i]);
        ASSERT_EQ(one.held, any) << key << id;
        held += one.held;
        EXPECT_TRUE(one.reason != Reason::guard_held || (one.held && one.available)) << key << id;
        EXPECT_FALSE(one.available && one.reason == Reason::ok && one.held) << key << id;
        const bool nowhere = !one.lease_deadline && !one.forget_at;
        EXPECT_TRUE(!one.lease_held || (nowhere && registry.guards()[1].state == Guard::State::holding)) << key << id;
      }
      ASSERT_EQ(each_service.available, available) << key;
    }
    ASSERT_EQ(registry.held_instances(), held);
    EXPECT_GT(registry.next_deadline(), now.mono);
  }

  std::mt19937 random_{GetParam()};
  int dark_ = 0;  // so many probes fail: our own network is away
};

TEST_P(RandomLives, HoldWhatTheyHoldAndLetGoOfItInTheEnd) {
  for (int i = 0; i < 4'000; ++i) {
    one_step();
    keep(registry.advance(now));
    ASSERT_NO_FATAL_FAILURE(check_all()) << "step " << i;
    ASSERT_FALSE(HasFailure()) << "step " << i;
  }
  EXPECT_THAT(told, Contains(HasSubstr("holding"))) << "else nothing was tried";
  for (int i = 0; i < 700; ++i) advance(1s);
  EXPECT_FALSE(registry.guard_holding());
  for (int i = 0; i < 60; ++i) put(DeleteInstance{name(service(i / 10)), fmt::format("i{}", i)});
  EXPECT_EQ(registry.held_instances(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomLives, testing::Range(1U, 7U));

}  // namespace
}  // namespace registry
