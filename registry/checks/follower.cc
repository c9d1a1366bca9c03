#include "registry/checks/follower.h"

#include <algorithm>
#include <utility>

namespace registry::checks {
namespace {

const auto kNoChecks = std::make_shared<const std::vector<CheckDef>>();

}  // namespace

void Follower::follow(const Registry& registry, const ChangeSet& changes, std::vector<Command>& out) {
  for (const Change& change : changes.changes) {
    if (change.op == ChangeOp::state || change.op == ChangeOp::weight) continue;
    if (change.kind == ChangeKind::service) sync_service(registry, change.service, out);
    if (change.kind == ChangeKind::instance) sync_instance(registry, change.service, change.id, out);
  }
}

void Follower::follow_all(const Registry& registry, std::vector<Command>& out) {
  std::vector<std::string> known;
  known.reserve(groups_.size());
  for (const auto& [name, group] : groups_) known.push_back(name);
  for (const std::string& name : known) {
    if (registry.find_service(name) == nullptr) sync_service(registry, name, out);
  }
  for (const auto& [name, service] : registry.services()) sync_service(registry, name, out);
}

void Follower::sync_service(const Registry& registry, std::string_view service, std::vector<Command>& out) {
  const Service* found = registry.find_service(service);
  if (const auto group = groups_.find(service); group != groups_.end()) {
    std::vector<std::string> gone;
    for (const auto& [id, entry] : group->second.instances) {
      if (found == nullptr || !found->instances.contains(id)) gone.push_back(id);
    }
    for (const std::string& id : gone) remove(service, id, out);
  }
  if (found == nullptr) return;
  for (const auto& [id, instance] : found->instances) put(service, instance.def, instance.checks, out);
}

void Follower::sync_instance(const Registry& registry, std::string_view service, std::string_view id,
                             std::vector<Command>& out) {
  // The registry is asked instead of the change's op: a later change of the same set may have undone it.
  const Instance* instance = registry.find_instance(service, id);
  if (instance == nullptr) {
    remove(service, id, out);
  } else {
    put(service, instance->def, instance->checks, out);
  }
}

void Follower::put(std::string_view service, std::shared_ptr<const InstanceDef> def,
                   std::shared_ptr<const std::vector<CheckDef>> checks, std::vector<Command>& out) {
  if (!checks) checks = kNoChecks;
  const bool known = find(service, def->id) != nullptr;
  const bool watched =
      !def->host.empty() || std::ranges::any_of(*checks, [](const CheckDef& c) { return is_probed(c.kind); });
  if (!known && !watched) return;  // nothing to probe, nothing to resolve: costs no memory here
  auto group = groups_.find(service);
  if (group == groups_.end()) {
    group =
        groups_.emplace(std::string(service), Group{std::make_shared<const std::string>(service), {}, {}, false}).first;
  }
  Entry& entry = group->second.instances[def->id];
  if (entry.def == def && entry.checks == checks) return;
  Entry after{std::move(def), std::move(checks), {}, 0};
  put_host(group->second, entry, after, out);
  put_checks(group->second, entry, after, out);
  entry = std::move(after);
}

void Follower::put_checks(const Group& group, const Entry& before, Entry& after, std::vector<Command>& out) {
  std::vector<bool> kept(before.generations.size(), false);
  for (std::size_t i = 0; i < after.checks->size(); ++i) {
    after.generations.push_back(0);
    Target now{0, group.name, after.def, after.checks, i};
    if (!is_probed(now.check().kind)) continue;
    for (std::size_t j = 0; j < kept.size(); ++j) {
      if (before.generations[j] == 0 || kept[j]) continue;
      const Target then{before.generations[j], group.name, before.def, before.checks, j};
      if (!asks_the_same(now, then)) continue;  // the check's name is part of its definition
      kept[j] = true;
      after.generations[i] = before.generations[j];
      break;
    }
    if (after.generations[i] != 0) continue;
    now.generation = after.generations[i] = ++last_;
    ++targets_;
    out.emplace_back(AddTarget{std::move(now), false, group.idle});
  }
  for (std::size_t j = 0; j < kept.size(); ++j) {
    if (before.generations[j] == 0 || kept[j]) continue;
    --targets_;
    out.emplace_back(RemoveTarget{before.generations[j]});
  }
}

void Follower::put_host(const Group& group, const Entry& before, Entry& after, std::vector<Command>& out) {
  if (before.host != 0 && before.def->host == after.def->host) {
    after.host = before.host;
    return;
  }
  if (before.host != 0) out.emplace_back(UnwatchHost{before.host});
  if (after.def->host.empty()) return;
  after.host = ++last_;
  out.emplace_back(WatchHost{after.host, group.name, after.def});
}

void Follower::remove(std::string_view service, std::string_view id, std::vector<Command>& out) {
  const auto group = groups_.find(service);
  if (group == groups_.end()) return;
  const auto entry = group->second.instances.find(id);
  if (entry == group->second.instances.end()) return;
  end(entry->second, out);
  group->second.instances.erase(entry);
  if (!group->second.instances.empty()) return;
  idle_.erase(group->first);
  groups_.erase(group);
}

void Follower::end(const Entry& entry, std::vector<Command>& out) {
  for (const Generation generation : entry.generations) {
    if (generation == 0) continue;
    --targets_;
    out.emplace_back(RemoveTarget{generation});
  }
  if (entry.host != 0) out.emplace_back(UnwatchHost{entry.host});
}

const Follower::Entry* Follower::find(std::string_view service, std::string_view id) const {
  const auto group = groups_.find(service);
  if (group == groups_.end()) return nullptr;
  const auto entry = group->second.instances.find(id);
  return entry == group->second.instances.end() ? nullptr : &entry->second;
}

bool Follower::probes(std::string_view service, std::string_view id, std::string_view check,
                      Generation generation) const {
  const Entry* entry = find(service, id);
  if (entry == nullptr || generation == 0) return false;
  for (std::size_t i = 0; i < entry->generations.size(); ++i) {
    if (entry->generations[i] == generation) return (*entry->checks)[i].name == check;
  }
  return false;
}

bool Follower::watches(std::string_view service, std::string_view id, Generation generation) const {
  const Entry* entry = find(service, id);
  return entry != nullptr && generation != 0 && entry->host == generation;
}

}  // namespace registry::checks
