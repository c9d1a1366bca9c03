#include "registry/staging.h"

#include <algorithm>

namespace registry {
namespace {

template <class Map, class Key>
std::ptrdiff_t value_or_zero(const Map& map, const Key& key) {
  const auto it = map.find(key);
  return it == map.end() ? 0 : it->second;
}

std::vector<std::string> names_of(const NamespaceDef& def) {
  std::vector<std::string> names{def.name.key()};
  for (const DomainName& alias : def.aliases) names.push_back(alias.key());
  return names;
}

}  // namespace

std::optional<NamespaceView> Staging::find_namespace(std::string_view apex) const {
  if (const auto it = namespaces_.find(apex); it != namespaces_.end()) {
    if (!it->second) return std::nullopt;
    return NamespaceView{&it->second->def, false, it->second->created, 0};
  }
  const auto it = core_.namespaces.find(apex);
  if (it == core_.namespaces.end()) return std::nullopt;
  const Namespace& ns = it->second;
  return NamespaceView{&ns.def, ns.managed_by_config, ns.created, ns.revision};
}

std::optional<ServiceView> Staging::find_service(std::string_view key) const {
  if (const auto it = services_.find(key); it != services_.end()) {
    if (!it->second) return std::nullopt;
    return ServiceView{
        &it->second->name, &it->second->policy, it->second->declared, false, false, it->second->created, 0};
  }
  const auto it = core_.services.find(key);
  if (it == core_.services.end()) return std::nullopt;
  const Service& s = it->second;
  return ServiceView{&s.name, &s.policy, s.declared, s.managed_by_config, s.shadowed, s.created, s.revision};
}

std::optional<InstanceView> Staging::find_instance(std::string_view service, std::string_view id) const {
  if (!instances_.empty()) {
    if (const auto it = instances_.find({std::string(service), std::string(id)}); it != instances_.end()) {
      if (!it->second) return std::nullopt;
      return InstanceView{it->second->def, nullptr, false, it->second->created, 0};
    }
  }
  const auto owner = core_.services.find(service);
  if (owner == core_.services.end()) return std::nullopt;
  const auto it = owner->second.instances.find(id);
  if (it == owner->second.instances.end()) return std::nullopt;
  const Instance& i = it->second;
  return InstanceView{i.def, &i, i.managed_by_config, i.created, i.revision};
}

std::optional<OverrideView> Staging::find_override(const std::string& name) const {
  if (const auto it = overrides_.find(name); it != overrides_.end()) {
    if (!it->second) return std::nullopt;
    return OverrideView{&*it->second, false};
  }
  const auto it = core_.overrides.find(name);
  if (it == core_.overrides.end()) return std::nullopt;
  return OverrideView{&it->second.def, it->second.expired};
}

std::optional<std::string> Staging::id_of_label(const std::string& service, const std::string& label) const {
  if (const auto it = labels_.find({service, label}); it != labels_.end()) return it->second;
  const auto owner = core_.services.find(service);
  if (owner == core_.services.end()) return std::nullopt;
  const auto it = owner->second.by_label.find(label);
  if (it == owner->second.by_label.end()) return std::nullopt;
  return it->second->first;
}

std::optional<DrainEffect> Staging::drain_of(const Ref& ref) const {
  if (const auto it = drains_.find(ref); it != drains_.end()) {
    if (!it->second.started) return std::nullopt;
    return it->second;
  }
  const auto found = find_instance(ref.service, ref.id);
  // A replaced definition keeps the drain of the instance that it replaces.
  const auto owner = core_.services.find(ref.service);
  if (!found || owner == core_.services.end()) return std::nullopt;
  const auto base = owner->second.instances.find(ref.id);
  if (base == owner->second.instances.end() || !base->second.drain_started) return std::nullopt;
  return DrainEffect{ref.service, ref.id, base->second.drain_started, base->second.safe_after};
}

std::optional<std::string> Staging::apex_named(std::string_view name) const {
  if (const auto it = apexes_.find(name); it != apexes_.end()) return it->second;
  const auto it = core_.apex_of.find(name);
  if (it == core_.apex_of.end()) return std::nullopt;
  return it->second;
}

std::optional<Staging::Apex> Staging::apex_for(std::string_view key) const {
  for (std::string_view rest = key;;) {
    if (auto apex = apex_named(rest)) return Apex{std::string(rest), std::move(*apex)};
    const std::size_t dot = rest.find('.');
    if (dot == rest.npos) return std::nullopt;
    rest.remove_prefix(dot + 1);
  }
}

bool Staging::any_apex_at_or_below(std::string_view name) const {
  const std::string key = NameSet::from_root(name);
  const auto below = [&](std::string_view each) { return NameSet::from_root(each).starts_with(key); };
  for (const auto& [each, apex] : apexes_) {
    if (apex && below(each)) return true;
  }
  if (!core_.apexes.any_at_or_below(name)) return false;
  // Unless all of those are gone in this transaction; only then is the long way taken.
  return apexes_.empty() || std::any_of(core_.apex_of.begin(), core_.apex_of.end(), [&](const auto& each) {
           const auto staged = apexes_.find(each.first);
           return below(each.first) && (staged == apexes_.end() || staged->second);
         });
}

std::string Staging::canonical(std::string_view key) const {
  const std::size_t dot = key.find('.');
  if (dot == key.npos) return std::string(key);
  const auto apex = apex_named(key.substr(dot + 1));
  return apex ? std::string(key.substr(0, dot + 1)) + *apex : std::string(key);
}

bool Staging::names_host(std::string_view key) const {
  return core_.hosts.contains(key) || std::any_of(instances_.begin(), instances_.end(), [&](const auto& each) {
           return each.second && fold(each.second->def->host) == key;
         });
}

std::size_t Staging::instances_in(const std::string& service) const {
  const auto it = core_.services.find(service);
  return total(it == core_.services.end() ? 0 : it->second.instances.size(), value_or_zero(instances_in_, service));
}

std::vector<std::string> Staging::ids_in(const std::string& service) const {
  std::vector<std::string> ids;
  if (const auto it = core_.services.find(service); it != core_.services.end()) {
    for (const auto& [id, instance] : it->second.instances) {
      if (!instances_.contains({service, id})) ids.push_back(id);
    }
  }
  for (auto it = instances_.lower_bound({service, {}}); it != instances_.end() && it->first.service == service; ++it) {
    if (it->second) ids.push_back(it->first.id);
  }
  return ids;
}

std::size_t Staging::services_in(const std::string& apex) const {
  const auto it = core_.namespaces.find(apex);
  return total(it == core_.namespaces.end() ? 0 : it->second.services, value_or_zero(services_in_, apex));
}

void Staging::add(std::ptrdiff_t& counter, std::ptrdiff_t by) {
  undo_.push_back([&counter, by] { counter -= by; });
  counter += by;
}

void Staging::push(Effect effect) {
  effects_.push_back(std::move(effect));
  undo_size_.push_back(undo_.size());
}

void Staging::put(PutNamespaceEffect effect) {
  const std::string& apex = effect.def.name.key();
  if (const auto old = find_namespace(apex)) {
    for (const std::string& name : names_of(*old->def)) set(apexes_, name, std::nullopt);
  }
  for (const std::string& name : names_of(effect.def)) set(apexes_, name, apex);
  set(namespaces_, apex, effect);
  push(std::move(effect));
}

void Staging::put(PutServiceEffect effect) {
  const std::string& key = effect.name.key();
  if (!find_service(key)) {
    add(service_delta_, 1);
    add(services_in_[std::string(effect.name.parent_key())], 1);
  }
  set(services_, key, StagedService{effect.name, effect.policy, effect.declared, effect.created});
  push(std::move(effect));
}

void Staging::put(PutInstanceEffect effect) {
  const Ref ref{effect.service, effect.def.id};
  if (const auto old = find_instance(ref.service, ref.id)) {
    set(labels_, {ref.service, fold(old->def->label)}, std::nullopt);
  } else {
    add(instance_delta_, 1);
    add(instances_in_[ref.service], 1);
  }
  set(labels_, {ref.service, fold(effect.def.label)}, ref.id);
  set(instances_, ref, StagedInstance{std::make_shared<const InstanceDef>(effect.def), effect.created});
  push(std::move(effect));
}

void Staging::put(PutOverrideEffect effect) {
  if (!find_override(effect.def.name)) add(override_delta_, 1);
  set(overrides_, effect.def.name, effect.def);
  push(std::move(effect));
}

void Staging::erase_namespace(const std::string& apex) {
  for (const std::string& name : names_of(*find_namespace(apex)->def)) set(apexes_, name, std::nullopt);
  set(namespaces_, apex, std::nullopt);
  push(DeleteNamespaceEffect{apex});
}

void Staging::erase_service(const std::string& key) {
  add(services_in_[std::string(find_service(key)->name->parent_key())], -1);
  add(service_delta_, -1);
  set(services_, key, std::nullopt);
  push(DeleteServiceEffect{key});
}

void Staging::erase_instance(const Ref& ref) {
  const auto old = find_instance(ref.service, ref.id);
  if (drain_of(ref)) set_drain({ref.service, ref.id, std::nullopt, std::nullopt});
  set(labels_, {ref.service, fold(old->def->label)}, std::nullopt);
  set(instances_, ref, std::nullopt);
  add(instance_delta_, -1);
  add(instances_in_[ref.service], -1);
  push(DeleteInstanceEffect{ref.service, ref.id});
}

void Staging::erase_override(const std::string& name) {
  add(override_delta_, -1);
  set(overrides_, name, std::nullopt);
  push(DeleteOverrideEffect{name});
}

void Staging::set_drain(DrainEffect effect) {
  set(drains_, Ref{effect.service, effect.id}, effect);
  push(std::move(effect));
}

void Staging::roll_back(std::size_t effects) {
  const std::size_t keep = effects == 0 ? 0 : undo_size_[effects - 1];
  while (undo_.size() > keep) {
    undo_.back()();
    undo_.pop_back();
  }
  effects_.resize(effects);
  undo_size_.resize(effects);
}

std::vector<Effect> Staging::take() {
  std::vector<Effect> out = std::move(effects_);
  effects_.clear();
  undo_size_.clear();
  undo_.clear();
  namespaces_.clear();
  apexes_.clear();
  services_.clear();
  instances_.clear();
  labels_.clear();
  drains_.clear();
  overrides_.clear();
  instances_in_.clear();
  services_in_.clear();
  instance_delta_ = service_delta_ = override_delta_ = 0;
  return out;
}

}  // namespace registry
