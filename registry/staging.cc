#include "registry/staging.h"

#include <algorithm>
#include <iterator>

namespace registry {
namespace {

template <class Map, class Key>
std::ptrdiff_t value_or_zero(const Map& map, const Key& key) {
  const auto it = map.find(key);
  return it == map.end() ? 0 : it->second;
}

std::vector<std::string> names_of(const NamespaceDef& def) {
  std::vector<std::string> names;
  for (const DomainName& name : apexes_of(def)) names.push_back(name.key());
  return names;
}

}  // namespace

std::optional<NamespaceView> Staging::find_namespace(std::string_view apex) const {
  if (const auto it = namespaces_.find(apex); it != namespaces_.end()) {
    if (!it->second) return std::nullopt;
    return NamespaceView{&it->second->def, false, it->second->on_demand, it->second->created, 0};
  }
  const auto it = core_.namespaces.find(apex);
  if (it == core_.namespaces.end()) return std::nullopt;
  const Namespace& ns = it->second;
  return NamespaceView{&ns.def, ns.managed_by_config, ns.on_demand, ns.created, ns.revision};
}

std::size_t Staging::namespaces_on_demand() const {
  std::size_t count = 0;
  for (const auto& [apex, ns] : core_.namespaces) count += ns.on_demand && !namespaces_.contains(apex) ? 1 : 0;
  for (const auto& [apex, put] : namespaces_) count += put && put->on_demand ? 1 : 0;
  return count;
}

bool Staging::any_apex_strictly_below(const DomainName& name) const {
  const auto below = [&](const std::string& each) {
    return each.size() > name.key().size() + 1 && each.ends_with(name.key()) &&
           each[each.size() - name.key().size() - 1] == '.';
  };
  for (const auto& [each, owner] : apexes_) {
    if (owner && below(each)) return true;
  }
  return std::ranges::any_of(core_.apex_of,
                             [&](const auto& each) { return !apexes_.contains(each.first) && below(each.first); });
}

// Commands of one service follow each other, and each has five of these look-ups.
const Service* Staging::base_service(std::string_view key) const {
  if (!last_ || last_->first != key) last_.emplace(key, core_.find_service(key));
  return last_->second;
}

std::optional<ServiceView> Staging::find_service(std::string_view key) const {
  if (const auto it = services_.find(key); it != services_.end()) {
    if (!it->second) return std::nullopt;
    return ServiceView{
        &it->second->name, &it->second->policy, it->second->declared, false, false, it->second->created, 0};
  }
  const Service* const found = base_service(key);
  if (found == nullptr) return std::nullopt;
  const Service& s = *found;
  return ServiceView{&s.name, &s.policy, s.declared, s.managed_by_config, s.shadowed, s.created, s.revision};
}

std::optional<InstanceView> Staging::find_instance(const std::string& service, std::string_view id) const {
  if (const auto staged = instances_.find(service); staged != instances_.end()) {
    if (const auto it = staged->second.by_id.find(id); it != staged->second.by_id.end()) {
      if (!it->second) return std::nullopt;
      return InstanceView{&(*it->second)->def, nullptr, false, (*it->second)->created, 0};
    }
  }
  const Service* const owner = base_service(service);
  if (owner == nullptr) return std::nullopt;
  const auto it = owner->instances.find(id);
  if (it == owner->instances.end()) return std::nullopt;
  const Instance& i = it->second;
  return InstanceView{i.def.get(), &i, i.managed_by_config, i.created, i.revision};
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
  if (const auto staged = instances_.find(service); staged != instances_.end()) {
    if (const auto it = staged->second.by_label.find(label); it != staged->second.by_label.end()) return it->second;
  }
  const Service* const owner = base_service(service);
  const Instance* const holder = owner == nullptr ? nullptr : owner->holder_of(label);
  if (holder == nullptr) return std::nullopt;
  return holder->def->id;
}

std::optional<DrainEffect> Staging::drain_of(const Ref& ref) const {
  if (const auto it = drains_.find(ref); it != drains_.end()) {
    if (!it->second.started) return std::nullopt;
    return it->second;
  }
  const auto found = find_instance(ref.service, ref.id);
  // A replaced definition keeps the drain of the instance that it replaces.
  const Service* const owner = base_service(ref.service);
  if (!found || owner == nullptr) return std::nullopt;
  const auto base = owner->instances.find(ref.id);
  if (base == owner->instances.end() || !base->second.drain_started) return std::nullopt;
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
  return core_.hosts.contains(key) || std::any_of(effects_.begin(), effects_.end(), [&](const Effect& effect) {
           const auto* const put = std::get_if<PutInstanceEffect>(&effect);
           if (put == nullptr || fold(put->def.host) != key) return false;
           const auto now = find_instance(put->service, put->def.id);
           return now && now->def == &put->def;
         });
}

std::size_t Staging::instances_in(const std::string& service) const {
  const Service* const owner = base_service(service);
  const auto staged = instances_.find(service);
  return total(owner == nullptr ? 0 : owner->instances.size(), staged == instances_.end() ? 0 : staged->second.delta);
}

std::vector<std::string> Staging::ids_in(const std::string& service) const {
  std::vector<std::string> ids;
  const auto staged = instances_.find(service);
  if (const Service* const owner = base_service(service)) {
    for (const auto& [id, instance] : owner->instances) {
      if (staged == instances_.end() || !staged->second.by_id.contains(id)) ids.push_back(id);
    }
  }
  if (staged == instances_.end()) return ids;
  for (const auto& [id, put] : staged->second.by_id) {
    if (put) ids.push_back(id);
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
  effects_.push_back(std::move(effect));
  const auto& put = std::get<PutInstanceEffect>(effects_.back());
  StagedInstances& staged = instances_[put.service];
  if (const auto old = find_instance(put.service, put.def.id)) {
    set(staged.by_label, fold(old->def->label), std::nullopt);
  } else {
    add(instance_delta_, 1);
    add(staged.delta, 1);
  }
  set(staged.by_label, fold(put.def.label), put.def.id);
  set(staged.by_id, put.def.id, &put);
  undo_size_.push_back(undo_.size());
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
  StagedInstances& staged = instances_[ref.service];
  set(staged.by_label, fold(old->def->label), std::nullopt);
  set(staged.by_id, ref.id, std::nullopt);
  add(instance_delta_, -1);
  add(staged.delta, -1);
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
  effects_.erase(effects_.begin() + static_cast<std::ptrdiff_t>(effects), effects_.end());
  undo_size_.resize(effects);
}

std::vector<Effect> Staging::take() {
  std::vector<Effect> out(std::make_move_iterator(effects_.begin()), std::make_move_iterator(effects_.end()));
  effects_.clear();
  undo_size_.clear();
  undo_.clear();
  namespaces_.clear();
  apexes_.clear();
  services_.clear();
  instances_.clear();
  drains_.clear();
  overrides_.clear();
  services_in_.clear();
  instance_delta_ = service_delta_ = override_delta_ = 0;
  return out;
}

}  // namespace registry
