#include <fmt/format.h>

#include <algorithm>

#include "registry/because.h"
#include "registry/core.h"
#include "registry/judge.h"

namespace registry {
namespace {

std::string no_heartbeat(const CheckDef& def) { return fmt::format("{} for {}", kSilence, format_duration(def.lease)); }

}  // namespace

// A lease without length has no end: what was reported last stays true.
void RegistryCore::start_lease(Service& service, Instance& instance, std::size_t check, Mono now) {
  const Millis lease = (*instance.checks)[check].lease;
  CheckTrace& trace = instance.trace[check];
  trace.lease = lease.count() > 0 ? LeasePhase::running : LeasePhase::none;
  trace.flip_at = lease.count() > 0 ? now + lease : Mono::max();
  sum_leases(service, instance);
}

void RegistryCore::expire_lease(Service& service, Instance& instance, std::size_t check, Mono forget_at) {
  CheckTrace& trace = instance.trace[check];
  trace.lease = LeasePhase::ended;
  // What the file declares is never deregistered.
  trace.flip_at = instance.managed_by_config ? Mono::max() : forget_at;
  sum_leases(service, instance);
}

// Renewing moves the deadline alone; the timer stays where it is, and advance() looks again when it gets there. Only a
// deadline that came nearer needs an earlier timer.
void RegistryCore::sum_leases(Service& service, Instance& instance) {
  MaybeTime<Mono> deadline, forget;
  instance.lease_held = false;
  for (const CheckTrace& trace : instance.trace) {
    instance.lease_held |= trace.lease == LeasePhase::held;
    if (trace.lease == LeasePhase::running) deadline = std::min(trace.flip_at, deadline.value_or(Mono::max()));
    if (trace.lease == LeasePhase::ended) forget = std::min(trace.flip_at, forget.value_or(Mono::max()));
  }
  if (instance.forget_at != forget) {
    if (instance.forget_at) forgets.erase({*instance.forget_at, &service, &instance});
    if (forget) forgets.insert({*forget, &service, &instance});
    instance.forget_at = forget;
  }
  instance.lease_deadline = deadline;
  if (deadline && instance.timer <= *deadline) return;
  if (instance.timer != Mono::max()) leases.erase({instance.timer, &service, &instance});
  instance.timer = deadline.value_or(Mono::max());
  if (deadline) leases.insert({*deadline, &service, &instance});
}

void RegistryCore::drop_timers(Service& service, Instance& instance) {
  for (CheckTrace& trace : instance.trace) trace.lease = LeasePhase::none;
  sum_leases(service, instance);
}

void RegistryCore::end_lease(Service& service, Instance& instance, std::size_t check, Mono deadline, Edit& edit) {
  const CheckDef& def = (*instance.checks)[check];
  enter(instance.status[check], CheckState::critical, Fault::timeout, no_heartbeat(def), edit.now.wall);
  Mono forget_at = deadline + instance.def->deregister_after;
  if (instance.trace[check].fell) forget_at = std::max(forget_at, falls.at({&instance, check}).until);
  expire_lease(service, instance, check, forget_at);
  recount(service, instance, check);
  check_changed(service, instance, edit, cause_of(def, instance.status[check], false));
}

// Neither runs nor is over: only a heartbeat, or the guard's end, says how it goes on.
void RegistryCore::hold_lease(Service& service, Instance& instance, std::size_t check, Edit& edit) {
  const CheckDef& def = (*instance.checks)[check];
  instance.trace[check].lease = LeasePhase::held;
  instance.trace[check].flip_at = Mono::max();
  sum_leases(service, instance);
  instance.status[check].output = no_heartbeat(def);
  recount(service, instance, check);
  check_changed(service, instance, edit, cause_of(def, instance.status[check], true));
}

}  // namespace registry
