#include <algorithm>
#include <utility>

#include "registry/because.h"
#include "registry/core.h"
#include "registry/judge.h"

namespace registry {
namespace {

using namespace std::chrono_literals;

template <class Set>
std::vector<std::string> drain_set(Set& set) {
  std::vector<std::string> out;
  out.reserve(set.size());
  while (!set.empty()) out.push_back(std::move(set.extract(set.begin()).value()));
  return out;
}

}  // namespace

std::uint32_t later_serial(std::uint32_t a, std::uint32_t b) {
  const std::uint32_t later = static_cast<std::int32_t>(b - a) > 0 ? b : a;
  return later == 0 ? 1 : later;
}

std::uint32_t next_serial(std::uint32_t serial, Revision revision, std::uint32_t file_serial) {
  std::uint32_t next = later_serial(serial + 1, static_cast<std::uint32_t>(revision));
  if (file_serial != 0) next = later_serial(next, file_serial + 1);
  return next;
}

Revision RegistryCore::stamp(Edit& edit) {
  if (edit.set.revision == 0) edit.set.revision = ++revision;
  return edit.set.revision;
}

void RegistryCore::tell(Edit& edit, Change change) {
  stamp(edit);
  if (!edit.silent) edit.set.changes.push_back(std::move(change));
}

void RegistryCore::touch(Edit& edit, Service& service, bool content) {
  service.index = stamp(edit);
  if (const auto ns = namespaces.find(service.apex); ns != namespaces.end()) ns->second.index = edit.set.revision;
  if (edit.silent) return;
  if (edit.touched != service.name.key()) edit.touched = *edit.services.insert(service.name.key()).first;
  if (content) edit.content.insert(service.apex);
}

bool RegistryCore::refresh(Service& service, Instance& instance, Edit& edit) {
  update_held(service, instance);
  watch_critical(service, instance, edit.now.mono);
  Judgement now = judge(service, instance, ruling(service, instance));
  if (instance.held) now.horizon = std::min(now.horizon, held_until());
  const bool available = now.v4 || now.v6;
  const std::uint8_t share = share_of(service, instance, available, edit);
  const std::uint16_t weight = part_of(now.weight, share);
  const bool content = instance.available_v4 != now.v4 || instance.available_v6 != now.v6 ||
                       (available && instance.effective_weight != weight);
  const bool visible = content || instance.state != now.state || instance.reason != now.reason ||
                       instance.effective_weight != weight || instance.full_weight != now.weight ||
                       instance.share != share;
  service.available += available;
  service.available -= instance.available;
  instance.state = now.state;
  instance.available = available;
  instance.available_v4 = now.v4;
  instance.available_v6 = now.v6;
  instance.ever_passed |= now.passed;
  instance.reason = now.reason;
  instance.share = share;
  instance.full_weight = now.weight;
  instance.effective_weight = weight;
  instance.horizon = now.horizon;
  if (!visible) return false;
  touch(edit, service, content);
  instance.state_revision = edit.set.revision;
  return true;
}

void RegistryCore::refresh_and_tell(Service& service, Instance& instance, Edit& edit) {
  if (!refresh(service, instance, edit)) return;
  tell(edit, {ChangeKind::instance, ChangeOp::state, service.name.key(), instance.def->id, instance.available,
              std::string(to_string(instance.reason)), cause_of(service, instance, ruling(service, instance))});
}

void RegistryCore::check_changed(Service& service, Instance& instance, Edit& edit, std::string cause) {
  if (!refresh(service, instance, edit)) {
    touch(edit, service, false);
    instance.state_revision = edit.set.revision;
  }
  tell(edit, {ChangeKind::instance, ChangeOp::state, service.name.key(), instance.def->id, instance.available,
              std::string(to_string(instance.reason)), std::move(cause)});
}

void RegistryCore::counters_moved(Service& service, Instance& instance, Edit& edit) {
  refresh_and_tell(service, instance, edit);
  note_horizon(service, instance, edit);
}

// Lowering is told at once. Raising costs a look at every instance, so it waits until the announced horizon is so near
// that it shortens a TTL (twice the TTL, for heartbeats come in steps), and happens at most once a second.
void RegistryCore::note_horizon(Service& service, const Instance& instance, Edit& edit) {
  if (instance.horizon < service.horizon) {
    service.horizon = instance.horizon;
    edit.horizons.insert(service.name.key());
    return;
  }
  if (edit.now.mono >= service.horizon_due) announce_horizon(service, edit);
}

void RegistryCore::announce_horizon(Service& service, Edit& edit) {
  Mono least = Mono::max();
  for (const auto& [id, each] : service.instances) least = std::min(least, each.horizon);
  if (least != service.horizon) edit.horizons.insert(service.name.key());
  service.horizon = least;
  const auto ns = namespaces.find(service.apex);
  const Millis ttl = service.policy.ttl.value_or(ns == namespaces.end() ? Millis{} : ns->second.def.ttl);
  const Mono next = edit.now.mono + 1s;
  service.horizon_due = least == Mono::max() ? next : std::max(least - 2 * ttl, next);
}

ChangeSet RegistryCore::finish(Edit&& edit) {
  if (counts_moved || !guards_rest()) look_at_guards(edit);
  pass_on(edit);  // also what a guard reverted
  for (const std::string& key : edit.services) {
    edit.horizons.erase(key);
    Service* const touched = service(key);
    if (touched == nullptr) continue;
    Mono least = Mono::max();
    for (const auto& [id, each] : touched->instances) least = std::min(least, each.horizon);
    touched->horizon = least;
    touched->horizon_due = edit.now.mono + 1s;
  }
  for (const std::string& apex : edit.content) {
    const auto ns = namespaces.find(apex);
    if (ns == namespaces.end()) continue;
    const auto file = statics.find(apex);
    const std::uint32_t file_serial = file == statics.end() ? 0 : file->second.names.serial;
    ns->second.serial = next_serial(ns->second.serial, edit.set.revision, file_serial);
    edit.namespaces.insert(apex);
  }
  edit.set.touched_services = drain_set(edit.services);
  edit.set.touched_namespaces = drain_set(edit.namespaces);
  edit.set.horizons = drain_set(edit.horizons);
  return std::move(edit.set);
}

}  // namespace registry
