// Time: leases, overrides and empty services that end.
#include <algorithm>
#include <vector>

#include "registry/core.h"
#include "registry/judge.h"

namespace registry {
namespace {

// The earliest of those that lie after `since`: what was due already has been told through due().
template <class Set, class TimeOf>
Mono next_after(const Set& set, typename Set::value_type since, TimeOf time_of) {
  const auto it = set.lower_bound(since);
  return it == set.end() ? Mono::max() : time_of(*it);
}

// Those that are over, taken out of the timers.
std::vector<Timer> ended_leases(RegistryCore& core, Mono now) {
  std::vector<Timer> ended;
  while (!core.leases.empty() && core.leases.begin()->at <= now) {
    const Timer timer = *core.leases.begin();
    Instance& instance = *timer.instance;
    core.leases.erase(core.leases.begin());
    instance.timer = Mono::max();
    const Mono deadline = instance.lease_deadline.value_or(Mono::max());
    if (deadline > now) {  // heartbeats moved it meanwhile
      instance.timer = deadline;
      core.leases.insert({deadline, timer.service, timer.instance});
      continue;
    }
    ended.push_back({deadline, timer.service, timer.instance});
  }
  return ended;
}

// What ends together is judged together, before it takes effect.
void end_leases(RegistryCore& core, Edit& edit) {
  const auto ended = ended_leases(core, edit.now.mono);
  if (ended.empty()) return;
  const auto beat_of = [](const Timer& each) { return static_cast<std::size_t>(heartbeat_of(*each.instance->checks)); };
  for (const Timer& each : ended) core.count_as(*each.service, *each.instance, beat_of(each), Standing::suspect);
  core.look_at_guards(edit);
  for (const auto& [deadline, service, instance] : ended) {
    if (core.lease_guard.holding()) {
      core.hold_lease(*service, *instance, edit);
      continue;
    }
    const std::size_t beat = beat_of({deadline, service, instance});
    const CheckStatus& status = instance->status[beat];
    core.note_fall(*instance, beat, {service, status.state, status.since, status.flaps}, edit.now.mono);
    core.end_lease(*service, *instance, deadline, edit);
  }
}

void end_overrides(RegistryCore& core, Edit& edit) {
  if (core.overrides_end > edit.now.mono) return;
  std::vector<Override*> ended;
  for (auto& [name, each] : core.overrides) {
    if (!each.expired && each.ends <= edit.now.mono) ended.push_back(&each);
  }
  for (Override* const each : ended) each->expired = true;
  core.rank_overrides();
  for (Override* const each : ended) {
    core.tell(edit, {ChangeKind::override_rule, ChangeOp::state, each->def.name, {}, false, {}});
    core.refresh_matching(each->def, edit);
  }
}

}  // namespace

ChangeSet Registry::advance(const Now& now) {
  Edit edit(now);
  impl_->advanced_to = std::max(impl_->advanced_to, now.mono);
  end_leases(*impl_, edit);
  end_overrides(*impl_, edit);
  impl_->advance_slow_starts(edit);
  return impl_->finish(std::move(edit));
}

ChangeSet Registry::follow_wall_clock(const Now& now) {
  const Millis offset = now.wall.time_since_epoch() - std::chrono::floor<Millis>(now.mono.time_since_epoch());
  if (std::chrono::abs(offset - impl_->wall_offset) < kClockJump) return {};
  impl_->wall_offset = offset;
  Edit edit(now);
  for (auto& [name, each] : impl_->overrides) {
    if (each.def.expires && each.by_clock && !each.expired) each.ends = end_of(each.def, now);
  }
  impl_->rank_overrides();
  for (const auto& [name, each] : impl_->overrides) {
    if (each.def.expires && each.by_clock && !each.expired) impl_->refresh_matching(each.def, edit);
  }
  return impl_->finish(std::move(edit));
}

Mono Registry::next_deadline() const {
  const RegistryCore& core = *impl_;
  Mono next = core.leases.empty() ? Mono::max() : core.leases.begin()->at;
  next = std::min(next, core.overrides_end);
  if (!core.starting_steps.empty()) next = std::min(next, core.starting_steps.begin()->at);
  next = std::min({next, core.probe_guard.next(), core.lease_guard.next(), core.let_go_at.value_or(Mono::max())});
  if (!core.guards_rest()) next = std::min(next, core.self_failed_until.value_or(Mono::max()));
  if (core.advanced_to == Mono::max()) return next;
  const Mono later = core.advanced_to + Mono::duration{1};
  next = std::min(next, next_after(core.forgets, Timer{later}, [](const Timer& t) { return t.at; }));
  const Mono idle_later = core.advanced_to == Mono::min() ? Mono::min() : later - kEmptyServiceKept;
  const Mono idle = next_after(core.idle, Idle{idle_later}, [](const Idle& i) { return i.since; });
  return idle == Mono::max() ? next : std::min(next, idle + kEmptyServiceKept);
}

Registry::Due Registry::due(const Now& now, std::size_t limit) const {
  Due due;
  for (const Timer& timer : impl_->forgets) {
    if (timer.at > now.mono || due.instances.size() == limit) break;
    due.instances.push_back({timer.service->name.key(), timer.instance->def->id});
  }
  for (const Idle& each : impl_->idle) {
    if (each.since + kEmptyServiceKept > now.mono || due.services.size() == limit) break;
    due.services.push_back(each.service->name.key());
  }
  for (const auto& [name, each] : impl_->overrides) {
    if (due.overrides.size() == limit) break;
    if (each.expired) due.overrides.push_back(name);
  }
  return due;
}

void Registry::renew_all_leases(const Now& now) {
  Edit edit(now);
  edit.silent = true;  // states stay as they are; the announced horizons catch up with the next heartbeats
  for (const Timer& timer : impl_->leases) {
    const auto beat = static_cast<std::size_t>(heartbeat_of(*timer.instance->checks));
    timer.instance->lease_deadline = now.mono + (*timer.instance->checks)[beat].lease;
    impl_->refresh(*timer.service, *timer.instance, edit);
  }
}

}  // namespace registry
