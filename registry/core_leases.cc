#include <algorithm>

#include "registry/core.h"

namespace registry {

// Renewing moves the deadline alone; the timer stays where it is, and advance() looks again when it gets there. Only a
// lease that became shorter needs an earlier timer.
void RegistryCore::start_lease(Service& service, Instance& instance, Millis lease, Mono now) {
  if (instance.forget_at) {
    forgets.erase({*instance.forget_at, &service, &instance});
    instance.forget_at.reset();
  }
  const Mono deadline = now + lease;
  instance.lease_deadline = deadline;
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
}

}  // namespace registry
