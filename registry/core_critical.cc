// Checks that take their instance with them: critical for as long as their deregister_after says.
#include <utility>

#include "registry/core.h"

namespace registry {

void RegistryCore::watch_critical(Service& service, Instance& instance, Mono now) {
  const std::vector<CheckDef>& checks = *instance.checks;
  for (std::size_t i = 0; i < checks.size(); ++i) {
    if (checks[i].deregister_after.count() == 0) continue;
    const CheckRef ref{&instance, i};
    const auto known = critical.find(ref);
    const bool now_critical = instance.status[i].state == CheckState::critical && !instance.managed_by_config;
    if (now_critical == (known != critical.end())) continue;
    if (now_critical) {
      const Mono at = now + checks[i].deregister_after;
      critical.emplace(ref, Reap{&service, at});
      critical_due.insert({at, ref});
    } else {
      critical_due.erase({known->second.at, ref});
      critical.erase(known);
    }
  }
}

void RegistryCore::unwatch_critical(Instance& instance) {
  auto at = critical.lower_bound({&instance, 0});
  while (at != critical.end() && at->first.first == &instance) {
    critical_due.erase({at->second.at, at->first});
    at = critical.erase(at);
  }
}

bool RegistryCore::is_reaped(const Instance& instance, Mono now) const {
  // The key is the instance's address; what it points to is not touched.
  auto at = critical.lower_bound({const_cast<Instance*>(&instance), 0});
  for (; at != critical.end() && at->first.first == &instance; ++at) {
    if (at->second.at <= now) return true;
  }
  return false;
}

}  // namespace registry
