// How each check stands, counted for the guards; and what fell lately, which they may put back.
#include <algorithm>
#include <utility>

#include "registry/core.h"

namespace registry {
namespace {

Millis pace_of(const Instance& instance, std::size_t check) {
  const CheckDef& def = (*instance.checks)[check];
  if (def.kind == CheckKind::heartbeat) return def.lease;
  return std::max(def.interval, Millis(instance.trace[check].pace));
}

Standing standing_of(const Instance& instance, std::size_t check) {
  const CheckKind kind = (*instance.checks)[check].kind;
  if (kind == CheckKind::alias) return Standing::out;  // what it follows is counted itself
  if (instance.trace[check].fell) return Standing::suspect;
  if (kind == CheckKind::heartbeat) {
    const LeasePhase phase = instance.trace[check].lease;
    return phase == LeasePhase::held ? Standing::suspect : phase == LeasePhase::running ? Standing::in : Standing::out;
  }
  const CheckStatus& status = instance.status[check];
  if (!is_up(status.state)) return Standing::out;
  return status.failures > 0 && may_be_ours(status.fault) ? Standing::suspect : Standing::in;
}

}  // namespace

Guard& RegistryCore::guard_of(const CheckDef& check) {
  return check.kind == CheckKind::heartbeat ? lease_guard : probe_guard;
}

void RegistryCore::count_as(Service& service, Instance& instance, std::size_t check, Standing standing) {
  Standing& counted = instance.trace[check].counted;
  if (counted == standing) return;
  counts_moved = true;
  const CheckDef& def = (*instance.checks)[check];
  guard_of(def).move({&service, &instance, network_of(instance.addresses(), def.family), pace_of(instance, check)},
                     counted, standing);
  counted = standing;
}

// Each circle counts a check by its pace: it leaves the old ones before it comes into the new ones.
void RegistryCore::set_pace(Service& service, Instance& instance, std::size_t check, Millis pace) {
  const Millis before = pace_of(instance, check);
  const auto ticks = static_cast<std::uint32_t>(std::clamp<Millis>(pace, Millis{}, kSlowestPace).count());
  if (std::max((*instance.checks)[check].interval, Millis(ticks)) == before) return;
  const Standing counted = instance.trace[check].counted;
  count_as(service, instance, check, Standing::out);
  instance.trace[check].pace = ticks;
  count_as(service, instance, check, counted);
}

void RegistryCore::recount(Service& service, Instance& instance, std::size_t check) {
  count_as(service, instance, check, standing_of(instance, check));
}

void RegistryCore::recount_all(Service& service, Instance& instance) {
  for (std::size_t i = 0; i < instance.trace.size(); ++i) recount(service, instance, i);
}

void RegistryCore::count_out(Service& service, Instance& instance) {
  for (std::size_t i = 0; i < instance.trace.size(); ++i) {
    drop_fall(instance, i);
    count_as(service, instance, i, Standing::out);
  }
}

void RegistryCore::note_fall(Instance& instance, std::size_t check, Fall fall, Mono now) {
  const CheckDef& def = (*instance.checks)[check];
  if (!guard_of(def).enabled()) return;
  drop_fall(instance, check);
  const auto other = falls.lower_bound({&instance, 0});
  if (other != falls.end() && other->first.first == &instance) {
    fall.available = other->second.available;
    fall.began = other->second.began;
  } else {
    fall.available = instance.available;
    if (const auto at = starting.find(&instance); at != starting.end()) fall.began = at->second.began;
  }
  fall.until = now + std::clamp<Millis>(pace_of(instance, check) + def.timeout, kLeastRevertible, kMostRevertible);
  falls_due.insert({fall.until, {&instance, check}});
  falls.emplace(CheckRef{&instance, check}, fall);
  instance.trace[check].fell = true;
}

void RegistryCore::drop_fall(Instance& instance, std::size_t check) {
  if (!std::exchange(instance.trace[check].fell, false)) return;
  const auto at = falls.find({&instance, check});
  falls_due.erase({at->second.until, at->first});
  falls.erase(at);
}

}  // namespace registry
