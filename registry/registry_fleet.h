// For the tests of the guards: many instances in several networks, probed in rounds on a virtual clock.
#pragma once

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "registry/registry_fixture.h"

namespace registry {

// Services s0.. of ten instances each, spread over networks 10.0.0.0/24, 10.0.1.0/24, ...
class Fleet : public Fixture {
 protected:
  using Fixture::Fixture;
  static std::string service(int number) { return fmt::format("s{}.corp", number); }

  void put_fleet(int services, int networks, const CheckDef& check) {
    put_fleet(services, networks, std::vector{check});
  }
  void put_fleet(int services, int networks, const std::vector<CheckDef>& checks) {
    services_ = services;
    networks_ = networks;
    for (int i = 0; i < services * 10; ++i) {
      const auto address = fmt::format("10.0.{}.{}", i % networks, 1 + i / networks);
      put_instance(service(i / 10), with_checks(instance(fmt::format("i{}", i), address), checks));
    }
  }
  template <class F>
  void each(F&& f) {
    for (int i = 0; i < services_ * 10; ++i) f(service(i / 10), fmt::format("i{}", i), i % networks_);
  }
  // One round of probes, in one interval. `fails(network)`: whether those of the network fail.
  template <class Fails>
  void round(Fails fails, Fault fault = Fault::timeout) {
    const Millis step = Millis(5'000) / (services_ * 10);
    each([&](const std::string& of, const std::string& id, int network) {
      advance(step);
      const bool bad = fails(network);
      const auto result = bad ? ProbeResult{Verdict::failed, fault, "timed out", {}} : ProbeResult{Verdict::ok};
      keep(registry.observe_probe(of, id, "tcp", result, now));
    });
  }
  void round(bool fails, Fault fault = Fault::timeout) {
    round([&](int) { return fails; }, fault);
  }
  void advance(Millis time) {
    now.mono += time;
    now.wall += time;
    if (registry.next_deadline() <= now.mono) keep(registry.advance(now));
  }
  void keep(ChangeSet set) {
    for (const Change& change : set.changes) {
      if (change.kind == ChangeKind::guard) told.push_back(change.service + " " + change.reason);
      if (change.kind == ChangeKind::instance && !change.available) ++went_down;
    }
    changes = std::move(set);
  }
  int count_available() {
    std::size_t count = 0;
    for (const auto& [key, each_service] : registry.services()) count += each_service.available;
    return static_cast<int>(count);
  }
  int count_reason(Reason reason) {
    int count = 0;
    each([&](const std::string& of, const std::string& id, int) { count += get(of, id).reason == reason; });
    return count;
  }

  int services_ = 0, networks_ = 1, went_down = 0;
  std::vector<std::string> told;  // by the guards
};

}  // namespace registry
