// Is an instance available, and why? The one place that knows (DESIGN section 5, "Available"). Pure.
#pragma once

#include "registry/registry.h"

namespace registry {

struct Judgement {
  CheckState state = CheckState::passing;
  bool v4 = false;
  bool v6 = false;
  Reason reason = Reason::ok;
  std::uint16_t weight = 0;
  Mono horizon = Mono::max();
  bool passed = false;  // its checks alone would let it be answered
};

// `ruling` is the override that decides about the instance, or null. In order: a shadowed service is not in DNS; a
// down override beats all; a drain beats an up override (it was asked for this one instance); then the health.
[[nodiscard]] Judgement judge(const Service& service, const Instance& instance, const Override* ruling);

// The checks that apply to an instance: its own probes, else the service's template; plus its lease. Shares the
// vector with the definition or with the service where it can.
[[nodiscard]] std::shared_ptr<const std::vector<CheckDef>> applicable_checks(
    Service& service, const std::shared_ptr<const InstanceDef>& def);

// What a check's results speak of, as a number that outlives a restart: this registration (`created`), the check's
// definition, its target. Where it is the same after a change, results keep their meaning. Of a heartbeat only the
// name counts: what was reported stays reported. At most 63 bits, so that it is a JSON integer for every reader.
[[nodiscard]] std::uint64_t subject_of(const CheckDef& check, const InstanceDef& def, Revision created);

// When the check could flip, if its last result came `last`.
[[nodiscard]] Mono flip_time(const CheckStatus& status, const CheckDef& def, const ServicePolicy& policy, Mono last);

// The first heartbeat check's place among the checks, or -1.
[[nodiscard]] int heartbeat_of(const std::vector<CheckDef>& checks);

// Overrides: does it speak of this instance (or may it, where it takes down by address and the instance's host is not
// resolved yet); and does `a` rank before `b`? Exact before glob, then the longer
// literal prefix, both summed over service, instance, node and address; then the newer.
[[nodiscard]] bool matches(const OverrideDef& def, const Service& service, const Instance& instance);
[[nodiscard]] bool ranks_before(const Override& a, const Override& b);

}  // namespace registry
