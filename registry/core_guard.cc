// What the guards say, done: transitions held, reverted, let go.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "registry/because.h"
#include "registry/core.h"
#include "registry/judge.h"

namespace registry {

bool RegistryCore::guards_rest() const {
  return probe_guard.state() == Guard::State::off && lease_guard.state() == Guard::State::off && !let_go_at;
}

void RegistryCore::look_at_guards(Edit& edit) {
  counts_moved = false;
  while (!falls_due.empty() && falls_due.begin()->first <= edit.now.mono) {
    const CheckRef ref = falls_due.begin()->second;
    Service* const owner = falls.at(ref).service;
    drop_fall(*ref.first, ref.second);
    recount(*owner, *ref.first, ref.second);
  }
  if (self_failed_until && *self_failed_until <= edit.now.mono) self_failed_until.reset();
  look_at(probe_guard, edit);
  look_at(lease_guard, edit);
  if (let_go_at && (held.empty() || *let_go_at <= edit.now.mono)) let_go(probe_guard, edit, true);
}

void RegistryCore::look_at(Guard& guard, Edit& edit) {
  switch (guard.look(self_failed_until.has_value(), edit.now.mono)) {
    case Guard::Step::none:
      return;
    case Guard::Step::began:
      if (guard.kind() == GuardKind::probes) let_go_at.reset();  // what is left of the last time is held on
      revert_falls(guard, edit);
      return tell_guard(guard, edit, guard.why());
    case Guard::Step::recovered:
      let_go(guard, edit, false);
      return tell_guard(guard, edit, "what failed together does so no longer");
    case Guard::Step::expired:
      let_go(guard, edit, true);
      (void)guard.look(self_failed_until.has_value(), edit.now.mono);  // the evidence went with what was let go
      return tell_guard(guard, edit, "held for as long as it may be; what fails is believed now");
  }
}

void RegistryCore::revert_falls(const Guard& guard, Edit& edit) {
  std::vector<std::pair<CheckRef, Fall>> reverted;
  for (const auto& each : falls) {
    if (&guard_of((*each.first.first->checks)[each.first.second]) == &guard) reverted.push_back(each);
  }
  for (const auto& [ref, fall] : reverted) {
    Instance& instance = *ref.first;
    const CheckDef& def = (*instance.checks)[ref.second];
    CheckStatus& status = instance.status[ref.second];
    drop_fall(instance, ref.second);
    put_back_share(fall, instance, edit);
    status.state = fall.state;
    status.since = fall.since;
    status.flaps = fall.flaps;
    status.successes = 0;
    if (def.kind == CheckKind::heartbeat) {
      hold_lease(*fall.service, instance, ref.second, edit);
      continue;
    }
    status.failures = static_cast<std::uint16_t>(def.fall);
    instance.trace[ref.second].flip_at = flip_time(status, def, fall.service->policy, edit.now.mono);
    recount(*fall.service, instance, ref.second);
    check_changed(*fall.service, instance, edit, cause_of(def, status, true));
  }
  edit.put_back = nullptr;
}

// An instance that was available is so again with the share that it had, or would have by now.
void RegistryCore::put_back_share(const Fall& fall, Instance& instance, Edit& edit) {
  edit.put_back = fall.available ? &instance : nullptr;
  if (fall.available && fall.began) start_slowly(*fall.service, instance, *fall.began, edit.now.mono);
}

// `believed`: what is held happens now. Otherwise the fault was ours and is over: a lease gets one full term, as after
// a restart or a pause; a check waits for its next verdict, but not without end where it is probed seldom: for what was
// left of the hold, and for a minute at least, the pace of the second circle.
void RegistryCore::let_go(const Guard& guard, Edit& edit, bool believed) {
  const auto all = held;
  if (guard.kind() == GuardKind::probes) {
    let_go_at.reset();
    if (!believed && !all.empty()) let_go_at = std::max(guard.until(), edit.now.mono + kSameFault);
  }
  for (const auto& [service, instance] : all) {
    if (guard.kind() == GuardKind::leases) {
      let_go_lease(*service, *instance, edit, believed);
    } else if (believed) {
      let_go_checks(*service, *instance, edit);
    }
  }
}

void RegistryCore::let_go_checks(Service& service, Instance& instance, Edit& edit) {
  std::string cause;
  for (std::size_t i = 0; i < instance.status.size(); ++i) {
    const CheckDef& def = (*instance.checks)[i];
    CheckStatus& status = instance.status[i];
    if (!is_probed(def.kind) || !is_held(status, def)) continue;
    status.state = CheckState::critical;
    status.failures = status.successes = 0;
    status.since = edit.now.wall;
    instance.trace[i].flip_at = flip_time(status, def, service.policy, edit.now.mono);
    recount(service, instance, i);
    cause = fmt::format("{}, no longer held by the guard", cause_of(def, status, false));
  }
  if (!cause.empty()) check_changed(service, instance, edit, std::move(cause));
}

void RegistryCore::let_go_lease(Service& service, Instance& instance, Edit& edit, bool believed) {
  for (std::size_t i = 0; i < instance.trace.size(); ++i) {
    if (instance.trace[i].lease != LeasePhase::held) continue;
    if (believed) {
      end_lease(service, instance, i, edit.now.mono, edit);
      continue;
    }
    instance.status[i].output.clear();
    start_lease(service, instance, i, edit.now.mono);
    recount(service, instance, i);
    check_changed(service, instance, edit, "let go by the guard: its lease gets one full term");
  }
}

void RegistryCore::tell_guard(const Guard& guard, Edit& edit, std::string cause) {
  tell(edit, {ChangeKind::guard,
              ChangeOp::state,
              std::string(to_string(guard.kind())),
              {},
              false,
              std::string(to_string(guard.state())),
              std::move(cause)});
}

void RegistryCore::update_held(Service& service, Instance& instance) {
  bool now = instance.lease_held;
  for (std::size_t i = 0; i < instance.status.size() && !now; ++i) {
    now = is_held(instance.status[i], (*instance.checks)[i]);
  }
  if (now == instance.held) return;
  instance.held = now;
  if (now) {
    held.insert({&service, &instance});
  } else {
    held.erase({&service, &instance});
  }
}

Mono RegistryCore::held_until() const {
  Mono until = Mono::max();
  for (const Guard* const guard : {&probe_guard, &lease_guard}) {
    if (guard->holding()) until = std::min(until, guard->until());
  }
  return std::min(until, let_go_at.value_or(Mono::max()));
}

ChangeSet Registry::observe_self_probe(bool failed, const Now& now) {
  Edit edit(now);
  if (failed) {
    impl_->self_failed_until = now.mono + kSelfProbeValid;
  } else {
    impl_->self_failed_until.reset();
  }
  impl_->counts_moved = true;  // it is evidence as well
  return impl_->finish(std::move(edit));
}

ChangeSet Registry::lift_guard(const Now& now) {
  Edit edit(now);
  for (Guard* const guard : {&impl_->probe_guard, &impl_->lease_guard}) {
    const bool lifted = guard->lift(now.mono);
    impl_->let_go(*guard, edit, true);  // also what a hold left that is over
    if (lifted) impl_->tell_guard(*guard, edit, "lifted by command");
  }
  return impl_->finish(std::move(edit));
}

std::vector<Registry::GuardView> Registry::guards() const {
  std::vector<GuardView> out;
  for (const Guard* const guard : {&impl_->probe_guard, &impl_->lease_guard}) {
    out.push_back(
        {guard->kind(), guard->state(), guard->since(), guard->until(), guard->why(), guard->begun(), guard->lifted()});
  }
  return out;
}

bool Registry::guard_holding() const { return impl_->probe_guard.holding() || impl_->lease_guard.holding(); }
std::size_t Registry::held_instances() const { return impl_->held.size(); }

}  // namespace registry
