#include <algorithm>

#include <fmt/format.h>

#include "registry/because.h"
#include "registry/core.h"
#include "registry/judge.h"

namespace registry {
namespace {

std::string no_heartbeat(const CheckDef& def) { return fmt::format("{} for {}", kSilence, format_duration(def.lease)); }

}  // namespace

// Renewing moves the deadline alone; the timer stays where it is, and advance() looks again when it gets there. Only a
// lease that became shorter needs an earlier timer.
void RegistryCore::start_lease(Service& service, Instance& instance, Millis lease, Mono now) {
  if (instance.forget_at) {
    forgets.erase({*instance.forget_at, &service, &instance});
    instance.forget_at.reset();
  }
  const Mono deadline = now + lease;
  instance.lease_deadline = deadline;
  instance.lease_held = false;
  if (instance.timer <= deadline) return;
  if (instance.timer != Mono::max()) leases.erase({instance.timer, &service, &instance});
  instance.timer = deadline;
  leases.insert({deadline, &service, &instance});
}

void RegistryCore::expire_lease(Service& service, Instance& instance, Mono forget_at) {
  drop_timers(service, instance);
  // What the file declares is never deregistered.
  instance.forget_at = instance.managed_by_config ? Mono::max() : forget_at;
  forgets.insert({*instance.forget_at, &service, &instance});
}

void RegistryCore::drop_timers(Service& service, Instance& instance) {
  if (instance.timer != Mono::max()) leases.erase({instance.timer, &service, &instance});
  if (instance.forget_at) forgets.erase({*instance.forget_at, &service, &instance});
  instance.timer = Mono::max();
  instance.lease_deadline.reset();
  instance.forget_at.reset();
  instance.lease_held = false;
}

void RegistryCore::end_lease(Service& service, Instance& instance, Mono deadline, Edit& edit) {
  const auto beat = static_cast<std::size_t>(heartbeat_of(*instance.checks));
  const CheckDef& def = (*instance.checks)[beat];
  enter(instance.status[beat], CheckState::critical, Fault::timeout, no_heartbeat(def), edit.now.wall);
  Mono forget_at = deadline + instance.def->deregister_after;
  if (instance.trace[beat].fell) forget_at = std::max(forget_at, falls.at({&instance, beat}).until);
  expire_lease(service, instance, forget_at);
  recount(service, instance, beat);
  check_changed(service, instance, edit, cause_of(def, instance.status[beat], false));
}

// Neither runs nor is over: only a heartbeat, or the guard's end, says how it goes on.
void RegistryCore::hold_lease(Service& service, Instance& instance, Edit& edit) {
  const auto beat = static_cast<std::size_t>(heartbeat_of(*instance.checks));
  const CheckDef& def = (*instance.checks)[beat];
  drop_timers(service, instance);
  instance.lease_held = true;
  instance.status[beat].output = no_heartbeat(def);
  recount(service, instance, beat);
  check_changed(service, instance, edit, cause_of(def, instance.status[beat], true));
}

}  // namespace registry
