// What does not come through the write path: the configuration file's declarations and the zone files' names.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "registry/core.h"
#include "registry/validate.h"

namespace registry {
namespace {

using Notes = std::vector<std::string>;

void declare_namespaces(RegistryCore& core, std::vector<NamespaceDef>& declared, Edit& edit, Notes& notes) {
  for (NamespaceDef& def : declared) {
    if (const auto problem = validate(def)) {
      notes.push_back(problem->detail);
      continue;
    }
    const auto it = core.namespaces.find(def.name.key());
    if (it != core.namespaces.end() && it->second.managed_by_config && it->second.def == def) continue;
    if (it != core.namespaces.end() && !it->second.managed_by_config && it->second.def != def) {
      notes.push_back(
          fmt::format("namespace '{}' was made through the API; the file's declaration replaces it", def.name.text()));
    }
    core.put_namespace(std::move(def), {.managed_by_config = true}, edit);
  }
}

// False when the file's service cannot stand.
bool declare_service(RegistryCore& core, const Registry::Declared::Svc& svc, Edit& edit, Notes& notes) {
  const std::string* const apex = core.apex_for(svc.name.key());
  if (apex == nullptr) {
    notes.push_back(fmt::format("service '{}' is left out: no namespace holds it", svc.name.text()));
    return false;
  }
  auto problem = validate_service_name(svc.name, core.namespaces.at(*apex).def.name);
  if (!problem) problem = validate(svc.policy, svc.name);
  if (problem) {
    notes.push_back(problem->detail);
    return false;
  }
  const Service* const present = core.service(svc.name.key());
  if (present != nullptr && present->managed_by_config && present->policy == svc.policy) return true;
  if (present != nullptr && present->declared && present->policy != svc.policy) {
    notes.push_back(
        fmt::format("service '{}' was made through the API; the file's policy replaces it", svc.name.text()));
  }
  core.put_service(svc.name, svc.policy, true, {.managed_by_config = true}, edit);
  return true;
}

void declare_instance(RegistryCore& core, Service& owner, InstanceDef& def, Edit& edit, Notes& notes) {
  const Instance* const holder = owner.holder_of(fold(def.label));
  const bool label_taken = holder != nullptr && holder->def->id != def.id;
  if (const auto problem = validate(def, owner.name)) {
    notes.push_back(problem->detail);
  } else if (label_taken && holder->managed_by_config) {
    notes.push_back(
        fmt::format("instance '{}' of '{}' is left out: another one has its label", def.id, owner.name.text()));
  } else {
    if (label_taken) {
      const std::string other = holder->def->id;
      notes.push_back(
          fmt::format("instance '{}' of '{}' gives way: the file declares its label", other, owner.name.text()));
      core.erase_instance(owner, other, edit);
    }
    const auto it = owner.instances.find(def.id);
    const bool same = it != owner.instances.end() && it->second.managed_by_config && *it->second.def == def;
    if (!same) core.put_instance(owner, std::move(def), {.managed_by_config = true}, edit);
  }
}

// What the file declared before and does not any more.
void withdraw(RegistryCore& core, const std::map<std::string, std::set<std::string>>& kept,
              const std::set<std::string>& kept_namespaces, Edit& edit, Notes& notes) {
  std::vector<std::string> managed;
  for (const auto& [key, service] : core.services) {
    if (service.managed_by_config) managed.push_back(key);
  }
  for (const std::string& key : managed) {
    Service& service = *core.service(key);
    const auto ids = kept.find(key);
    std::vector<std::string> gone;
    for (const auto& [id, instance] : service.instances) {
      const bool declared = ids != kept.end() && ids->second.contains(id);
      if (instance.managed_by_config && !declared) gone.push_back(id);
    }
    for (const std::string& id : gone) core.erase_instance(service, id, edit);
    if (ids != kept.end()) continue;
    if (service.instances.empty()) {
      core.erase_service(key, edit);
    } else {
      core.put_service(service.name, {}, false, {.created = service.created}, edit);
    }
  }
  managed.clear();
  for (const auto& [apex, ns] : core.namespaces) {
    if (ns.managed_by_config && !kept_namespaces.contains(apex)) managed.push_back(apex);
  }
  for (const std::string& apex : managed) {
    Namespace& ns = core.namespaces.at(apex);
    if (ns.services == 0) {
      core.erase_namespace(apex, edit);
    } else {
      ns.managed_by_config = false;
      notes.push_back(
          fmt::format("namespace '{}' is no longer declared but holds {} services: it stays until the next "
                      "start, PUT it through the API to keep it",
                      apex, ns.services));
    }
  }
}

}  // namespace

ChangeSet Registry::declare(Declared declared, const Now& now, std::vector<std::string>& notes) {
  Edit edit(now);
  std::set<std::string> namespaces;
  std::map<std::string, std::set<std::string>> services;
  for (const NamespaceDef& def : declared.namespaces) namespaces.insert(def.name.key());
  for (const Declared::Svc& svc : declared.services) {
    auto& ids = services[svc.name.key()];
    for (const InstanceDef& def : svc.instances) ids.insert(def.id);
  }
  declare_namespaces(*impl_, declared.namespaces, edit, notes);
  const auto canonical = [&](std::string_view key) { return impl_->canonical(key); };
  for (Declared::Svc& svc : declared.services) {
    if (auto checks = with_canonical_names(svc.policy.checks, canonical)) svc.policy.checks = std::move(*checks);
    for (InstanceDef& def : svc.instances) {
      if (auto checks = with_canonical_names(def.checks, canonical)) def.checks = std::move(*checks);
    }
  }
  for (Declared::Svc& svc : declared.services) {
    if (!declare_service(*impl_, svc, edit, notes)) continue;
    for (InstanceDef& def : svc.instances) declare_instance(*impl_, *impl_->service(svc.name.key()), def, edit, notes);
  }
  withdraw(*impl_, services, namespaces, edit, notes);
  impl_->declared_at = std::max(impl_->declared_at, edit.set.revision);
  return impl_->finish(std::move(edit));
}

std::vector<std::string> Registry::static_conflicts(std::string_view apex, const StaticNames& names) const {
  std::vector<std::string> out;
  for (const std::string& key : impl_->services_at(apex, names)) {
    if (!impl_->service(key)->shadowed) out.push_back(key);  // a shadowed one has nothing to lose
  }
  return out;
}

ChangeSet Registry::set_static_names(std::string_view apex, StaticNames names, const Now& now) {
  const auto ns = impl_->namespaces.find(apex);
  if (ns == impl_->namespaces.end()) return {};
  Edit edit(now);
  const auto [it, first] = impl_->statics.try_emplace(std::string(apex));
  std::set<std::string> affected = impl_->services_at(apex, it->second.names);
  affected.merge(impl_->services_at(apex, names));
  it->second.names = std::move(names);
  it->second.tree.clear();
  for (const std::string& owner : it->second.names.owners) it->second.tree.insert(owner);
  for (const std::string& key : affected) impl_->update_shadow(*impl_->service(key), edit);
  // At a reload the file's records may have changed in any way. At start only a serial behind the file's must move.
  const std::uint32_t file = it->second.names.serial;
  const bool behind = file != 0 && later_serial(ns->second.serial, file + 1) != ns->second.serial;
  if (!first || behind) {
    impl_->tell(edit, {ChangeKind::ns, ChangeOp::state, std::string(apex), {}, false, {}});
    edit.content.insert(std::string(apex));
  }
  return impl_->finish(std::move(edit));
}

}  // namespace registry
