#include "registry/slow_start.h"

#include <algorithm>

#include "registry/core.h"

namespace registry {

std::uint8_t share_after(Mono::duration elapsed, Millis slow_start) {
  if (slow_start <= Millis{}) return kFullShare;
  const auto passed = std::max(elapsed, Mono::duration{});
  if (passed >= slow_start) return kFullShare;
  return static_cast<std::uint8_t>(1 + passed * (kFullShare - 1) / slow_start);
}

Mono::duration time_of_next(std::uint8_t share, Millis slow_start) {
  // Rounded up, so that the step has come by then.
  return (Mono::duration{slow_start} * share + Mono::duration{kFullShare - 2}) / (kFullShare - 1);
}

Mono on_grid(Mono time, Millis slow_start) {
  const Mono::duration grid = std::max<Mono::duration>(Mono::duration{slow_start} / (kFullShare - 1), kLeastStep);
  const Mono::duration past = time.time_since_epoch() % grid;
  return past == Mono::duration{} ? time : time + (grid - past);
}

std::uint16_t part_of(std::uint16_t weight, std::uint8_t share) {
  if (weight == 0 || share == kFullShare) return weight;
  return static_cast<std::uint16_t>(std::max(1, (weight * share + kFullShare / 2) / kFullShare));
}

void RegistryCore::stop_slow_start(const Instance& instance) {
  const auto at = starting.find(&instance);
  if (at == starting.end()) return;
  starting_steps.erase({at->second.next, at->second.service, at->second.instance});
  starting.erase(at);
}

void RegistryCore::start_slowly(Service& service, Instance& instance, Mono began, Mono next) {
  stop_slow_start(instance);
  starting[&instance] = {began, next, &service, &instance};
  starting_steps.insert({next, &service, &instance});
}

// A share that is due waits for the step (advance_slow_starts): what happens to the instance in between, a heartbeat
// say, moves no weight that nobody would be told of.
std::uint8_t RegistryCore::share_of(Service& service, Instance& instance, bool available, const Edit& edit) {
  const Millis slow = service.policy.slow_start;
  const auto at = starting.find(&instance);
  const bool put_back = edit.put_back == &instance;
  const bool begins = available && !instance.available && !edit.silent && !put_back;
  if (!available || slow == Millis{} || (at == starting.end() && !begins)) {
    stop_slow_start(instance);
    return kFullShare;
  }
  if (!begins && !put_back && !edit.steps) return instance.share;
  const Mono began = begins ? edit.now.mono : at->second.began;
  const std::uint8_t share = share_after(edit.now.mono - began, slow);
  if (share == kFullShare) {
    stop_slow_start(instance);
  } else {
    start_slowly(service, instance, began, on_grid(began + time_of_next(share, slow), slow));
  }
  return share;
}

void RegistryCore::advance_slow_starts(Edit& edit) {
  edit.steps = true;
  while (!starting_steps.empty() && starting_steps.begin()->at <= edit.now.mono) {
    const Timer step = *starting_steps.begin();
    if (!refresh(*step.service, *step.instance, edit)) continue;
    tell(edit, {ChangeKind::instance, ChangeOp::weight, step.service->name.key(), step.instance->def->id,
                step.instance->available, std::string(to_string(step.instance->reason))});
  }
  edit.steps = false;
}

}  // namespace registry
