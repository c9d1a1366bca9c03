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

struct Ended {
  Mono deadline;
  Service* service = nullptr;
  Instance* instance = nullptr;
  std::size_t check = 0;
};

// Those that are over, taken out of the timers; what of the instance still runs is put back.
std::vector<Ended> ended_leases(RegistryCore& core, Mono now) {
  std::vector<Ended> ended;
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
    for (std::size_t i = 0; i < instance.trace.size(); ++i) {
      CheckTrace& trace = instance.trace[i];
      if (trace.lease != LeasePhase::running || trace.flip_at > now) continue;
      ended.push_back({trace.flip_at, timer.service, timer.instance, i});
      trace.lease = LeasePhase::none;
      trace.flip_at = Mono::max();
    }
    core.sum_leases(*timer.service, instance);
  }
  return ended;
}

// What ends together is judged together, before it takes effect.
void end_leases(RegistryCore& core, Edit& edit) {
  const auto ended = ended_leases(core, edit.now.mono);
  if (ended.empty()) return;
  for (const Ended& each : ended) core.count_as(*each.service, *each.instance, each.check, Standing::suspect);
  core.look_at_guards(edit);
  for (const auto& [deadline, service, instance, beat] : ended) {
    if (core.lease_guard.holding()) {
      core.hold_lease(*service, *instance, beat, edit);
      continue;
    }
    const CheckStatus& status = instance->status[beat];
    core.note_fall(*instance, beat, {service, status.state, status.since, status.flaps}, edit.now.mono);
    core.end_lease(*service, *instance, beat, deadline, edit);
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
  next = std::min(next, next_after(core.critical_due, {later, {}}, [](const auto& due) { return due.first; }));
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
  for (const auto& [at, ref] : impl_->critical_due) {
    if (at > now.mono || due.instances.size() == limit) break;
    due.instances.push_back({impl_->critical.at(ref).service->name.key(), ref.first->def->id});
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
    Instance& instance = *timer.instance;
    instance.lease_deadline.reset();
    for (std::size_t i = 0; i < instance.trace.size(); ++i) {
      if (instance.trace[i].lease != LeasePhase::running) continue;
      const Mono deadline = now.mono + (*instance.checks)[i].lease;
      instance.trace[i].flip_at = deadline;
      instance.lease_deadline = std::min(deadline, instance.lease_deadline.value_or(Mono::max()));
    }
    impl_->refresh(*timer.service, *timer.instance, edit);
  }
}

}  // namespace registry
