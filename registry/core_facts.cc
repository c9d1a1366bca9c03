#include <algorithm>
#include <iterator>
#include <utility>

#include "registry/core.h"
#include "registry/judge.h"
#include "registry/text.h"

namespace registry {
namespace {

// What of a namespace is encoded into the blocks of its services.
bool same_defaults(const NamespaceDef& a, const NamespaceDef& b) {
  return a.ttl == b.ttl && a.min_ttl == b.min_ttl && a.max_answers == b.max_answers && a.max_srv == b.max_srv &&
         a.ttl_rules == b.ttl_rules;
}

}  // namespace

Mono end_of(const OverrideDef& def, const Now& now) {
  return def.expires ? now.mono + (*def.expires - now.wall) : Mono::max();
}

void RegistryCore::put_namespace(NamespaceDef def, Origin origin, Edit& edit) {
  const std::string apex = def.name.key();
  const auto [it, fresh] = namespaces.try_emplace(apex);
  Namespace& ns = it->second;
  std::vector<std::string> names, gone;
  for (const DomainName& name : apexes_of(def)) names.push_back(name.key());
  for (const DomainName& name : apexes_of(ns.def)) gone.push_back(name.key());
  std::erase_if(gone, [&](const std::string& name) { return name == apex || name.empty(); });
  const bool defaults_changed = !fresh && !same_defaults(ns.def, def);
  ns.def = std::move(def);
  ns.managed_by_config = origin.managed_by_config;
  ns.on_demand = origin.on_demand;
  ns.index = stamp(edit);
  ns.revision = origin.revision != 0 ? origin.revision : ns.index;
  if (fresh) ns.created = origin.created != 0 ? origin.created : ns.index;
  for (const std::string& name : gone) forget_apex(name, apex);
  for (const std::string& name : names) {
    apex_of[name] = apex;
    apexes.insert(name);
    update_shadows_above(name, edit);
  }
  auto& keys = members[apex];
  if (defaults_changed) {
    for (const std::string_view key : keys) edit.services.emplace(key);
  }
  for (const std::string& name : gone) update_shadows_above(name, edit);
  if (!edit.silent) edit.content.insert(apex);
  move_around(apex, edit);
  tell(edit, {ChangeKind::ns, ChangeOp::put, apex, {}, false, {}});
}

// Unless it is another's by now: a reload may make a namespace an alias of another before the old one goes.
void RegistryCore::forget_apex(const std::string& name, const std::string& owner) {
  const auto at = apex_of.find(name);
  if (at == apex_of.end() || at->second != owner) return;
  apex_of.erase(at);
  apexes.erase(name);
}

// The namespace around has a delegation to it in its transfers.
void RegistryCore::move_around(std::string_view apex, Edit& edit) {
  const std::size_t dot = apex.find('.');
  const std::string* const around = dot == apex.npos ? nullptr : apex_for(apex.substr(dot + 1));
  if (around != nullptr && !edit.silent) edit.content.insert(*around);
}

void RegistryCore::erase_namespace(std::string_view name, Edit& edit) {
  const auto it = namespaces.find(name);
  if (it == namespaces.end()) return;
  const std::string apex = it->first;
  while (!members[apex].empty()) erase_service(std::string(*members[apex].begin()), edit);
  std::vector<std::string> names;
  for (const DomainName& each : apexes_of(it->second.def)) names.push_back(each.key());
  for (const std::string& each : names) forget_apex(each, apex);
  members.erase(apex);
  statics.erase(apex);
  namespaces.erase(it);
  for (const std::string& each : names) update_shadows_above(each, edit);
  edit.content.erase(apex);
  edit.namespaces.insert(apex);
  move_around(apex, edit);
  tell(edit, {ChangeKind::ns, ChangeOp::remove, apex, {}, false, {}});
}

Service& RegistryCore::put_service(const DomainName& name, ServicePolicy policy, bool declared, Origin origin,
                                   Edit& edit) {
  const std::size_t before = services.size();
  const auto it = services.try_emplace(newest == services.end() ? newest : std::next(newest), name.key());
  const bool fresh = services.size() != before;
  if (fresh) newest = it;
  Service& service = it->second;
  const bool new_checks = service.policy.checks != policy.checks;
  service.name = name;
  if (fresh) index.insert(&service);
  check_pool.intern(policy.checks);
  if (new_checks) replace_followed(service, policy.checks);
  const ServicePolicy old = std::exchange(service.policy, std::move(policy));
  service.declared = declared;
  service.managed_by_config = origin.managed_by_config;
  if (fresh) {
    service.apex = name.parent_key();
    service.created = origin.created != 0 ? origin.created : stamp(edit);
    members[service.apex].insert(it->first);
    namespaces[service.apex].services++;
  }
  touch(edit, service, true);
  service.revision = origin.revision != 0 ? origin.revision : edit.set.revision;
  service.shadowed = covered(service);
  tell(edit, {ChangeKind::service, ChangeOp::put, it->first, {}, false, {}});
  if (new_checks) {
    service.combined = nullptr;
    service.checks = service.policy.checks.empty() ? nullptr : service.policy.checks.shared();
  }
  edit.steps = true;  // another slow_start counts at once
  for (auto&& [id, instance] : service.instances) {
    update_flips(service, instance, old);
    if (new_checks) replace_template(service, instance, edit);
    refresh_and_tell(service, instance, edit);
  }
  edit.steps = false;
  update_idle(service, edit);
  return service;
}

void RegistryCore::erase_service(std::string_view key, Edit& edit) {
  const auto it = services.find(key);
  if (it == services.end()) return;
  Service& service = it->second;
  while (!service.instances.empty()) erase_instance(service, std::string(service.instances.begin()->first), edit);
  replace_followed(service, {});
  touch(edit, service, true);
  if (service.empty_since) idle.erase({*service.empty_since, &service});
  members[service.apex].erase(it->first);
  namespaces[service.apex].services--;
  tell(edit, {ChangeKind::service, ChangeOp::remove, it->first, {}, false, {}});
  index.erase(&service);
  if (newest == it) newest = services.end();
  services.erase(it);
}

void RegistryCore::rank_overrides() {
  ranking.clear();
  ranked_of.clear();
  ranked_globs.clear();
  overrides_end = Mono::max();
  for (const auto& [name, each] : overrides) {
    if (each.expired) continue;
    ranking.push_back(&each);
    overrides_end = std::min(overrides_end, each.ends);
  }
  std::sort(ranking.begin(), ranking.end(), [](const Override* a, const Override* b) { return ranks_before(*a, *b); });
  for (std::size_t i = 0; i < ranking.size(); ++i) {
    const std::string& service = ranking[i]->def.service;
    (is_exact(service) ? ranked_of[service] : ranked_globs).push_back(i);
  }
}

// Every judgement asks, of overrides that mostly name another service.
const Override* RegistryCore::ruling(const Service& service, const Instance& instance) const {
  const auto first = [&](const std::vector<std::size_t>& places) {
    const auto it =
        std::ranges::find_if(places, [&](std::size_t i) { return matches(ranking[i]->def, service, instance); });
    return it == places.end() ? ranking.size() : *it;
  };
  if (ranking.empty()) return nullptr;
  std::size_t place = first(ranked_globs);
  if (const auto own = ranked_of.find(service.name.key()); own != ranked_of.end()) {
    place = std::min(place, first(own->second));
  }
  return place == ranking.size() ? nullptr : ranking[place];
}

void RegistryCore::refresh_matching(const OverrideDef& def, Edit& edit) {
  const auto refresh_all = [&](Service& service) {
    for (auto&& [id, instance] : service.instances) {
      if (matches(def, service, instance)) counters_moved(service, instance, edit);
    }
  };
  if (is_exact(def.service)) {
    if (const auto it = services.find(def.service); it != services.end()) refresh_all(it->second);
    return;
  }
  for (auto& [key, service] : services) {
    if (glob_match(def.service, key)) refresh_all(service);
  }
}

void RegistryCore::put_override(OverrideDef def, Revision stored, Edit& edit) {
  const auto [it, fresh] = overrides.try_emplace(def.name);
  const OverrideDef before = std::exchange(it->second.def, std::move(def));
  it->second.revision = stored != 0 ? stored : stamp(edit);
  it->second.ends = end_of(it->second.def, edit.now);
  it->second.by_clock = edit.silent;  // a restore
  it->second.expired = it->second.ends <= edit.now.mono;
  rank_overrides();
  tell(edit, {ChangeKind::override_rule, ChangeOp::put, it->first, {}, false, {}});
  if (!fresh) refresh_matching(before, edit);
  refresh_matching(it->second.def, edit);
}

void RegistryCore::erase_override(std::string_view name, Edit& edit) {
  const auto it = overrides.find(name);
  if (it == overrides.end()) return;
  const OverrideDef before = std::move(it->second.def);
  tell(edit, {ChangeKind::override_rule, ChangeOp::remove, it->first, {}, false, {}});
  overrides.erase(it);
  rank_overrides();
  refresh_matching(before, edit);
}

}  // namespace registry
