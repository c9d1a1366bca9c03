#include "registry/registry.h"

#include <algorithm>

#include "registry/because.h"
#include "registry/core.h"
#include "registry/text.h"

namespace registry {
namespace {

template <class Map>
const typename Map::mapped_type* find_in(const Map& map, std::string_view key) {
  const auto it = map.find(key);
  return it == map.end() ? nullptr : &it->second;
}

// Exact beats the longer literal prefix beats the shorter; among equals the first one written.
const TtlRule* best_rule(const std::vector<TtlRule>& rules, std::string_view label) {
  const TtlRule* best = nullptr;
  for (const TtlRule& rule : rules) {
    const std::string pattern = fold(rule.match);
    if (!glob_match(pattern, label)) continue;
    const auto rank = [](const TtlRule& r) { return std::pair(is_exact(r.match), literal_prefix(r.match)); };
    if (best == nullptr || rank(rule) > rank(*best)) best = &rule;
  }
  return best;
}

}  // namespace

std::string_view to_string(Reason reason) {
  switch (reason) {
    case Reason::ok:
      return "ok";
    case Reason::check_failing:
      return "check.failing";
    case Reason::check_first_result_pending:
      return "check.first_result_pending";
    case Reason::lease_expired:
      return "lease.expired";
    case Reason::draining:
      return "draining";
    case Reason::override_down:
      return "override.down";
    case Reason::override_up:
      return "override.up";
    case Reason::shadowed:
      return "shadowed";
    case Reason::guard_held:
      break;
  }
  return "guard.held";
}

const Instance* Service::holder_of(std::string_view folded_label) const {
  if (const auto other = labels.find(folded_label); other != labels.end()) return find_in(instances, other->second);
  const Instance* const namesake = find_in(instances, folded_label);
  return namesake != nullptr && fold(namesake->def->label) == folded_label ? namesake : nullptr;
}

Registry::Registry() : Registry(Limits{}) {}
Registry::Registry(Limits limits, const GuardSettings& guard) : impl_(std::make_unique<Impl>(limits, guard)) {}
Registry::~Registry() = default;

Revision Registry::revision() const { return impl_->revision; }
const Registry::Limits& Registry::limits() const { return impl_->limits; }

const Namespace* Registry::find_namespace(std::string_view folded) const { return find_in(impl_->namespaces, folded); }

const Namespace* Registry::namespace_of(const DomainName& name) const {
  const std::string* const apex = impl_->apex_for(name.key());
  return apex == nullptr ? nullptr : find_in(impl_->namespaces, *apex);
}

const Service* Registry::find_service(std::string_view folded) const { return impl_->find_service(folded); }

const Instance* Registry::find_instance(std::string_view service, std::string_view id) const {
  const Service* const owner = find_service(service);
  return owner == nullptr ? nullptr : find_in(owner->instances, id);
}

const Override* Registry::find_override(std::string_view name) const { return find_in(impl_->overrides, name); }

const std::map<std::string, Namespace, std::less<>>& Registry::namespaces() const { return impl_->namespaces; }
const std::map<std::string, Service, std::less<>>& Registry::services() const { return impl_->services; }
const std::map<std::string, Override, std::less<>>& Registry::overrides() const { return impl_->overrides; }

const std::set<std::string_view>& Registry::services_of(std::string_view apex) const {
  static const std::set<std::string_view> kNone;
  const auto* const keys = find_in(impl_->members, apex);
  return keys == nullptr ? kNone : *keys;
}

const std::map<std::string, std::set<Registry::InstanceRef>, std::less<>>& Registry::nodes() const {
  return impl_->nodes;
}

std::size_t Registry::instance_count() const { return impl_->instance_count; }

bool Registry::is_followed(std::string_view service) const { return impl_->followers.contains(service); }

std::optional<Revision> Registry::namespace_index(std::string_view folded) const {
  const Namespace* const ns = find_namespace(folded);
  if (ns == nullptr) return std::nullopt;
  return ns->index;
}

Millis Registry::ttl_of(const Service& service) const {
  if (service.policy.ttl) return *service.policy.ttl;
  const Namespace* const ns = find_namespace(service.apex);
  if (ns == nullptr) return NamespaceDef{}.ttl;
  const std::string_view key = service.name.key();
  const TtlRule* const rule = best_rule(ns->def.ttl_rules, key.substr(0, key.find('.')));
  return rule != nullptr ? rule->ttl : ns->def.ttl;
}

Millis Registry::min_ttl_of(const Service& service) const {
  const Namespace* const ns = find_namespace(service.apex);
  const Millis least = service.policy.min_ttl.value_or(ns != nullptr ? ns->def.min_ttl : NamespaceDef{}.min_ttl);
  return std::min(least, ttl_of(service));
}

Millis Registry::target_ttl_of(const Service& service) const {
  const Namespace* const ns = find_namespace(service.apex);
  const bool consul = ns != nullptr && (ns->def.layout == Layout::consul || !ns->def.consul_aliases.empty());
  return consul ? std::max(min_ttl_of(service), ns->def.min_ttl) : min_ttl_of(service);
}

int Registry::max_answers_of(const Service& service) const {
  const Namespace* const ns = find_namespace(service.apex);
  return service.policy.max_answers.value_or(ns != nullptr ? ns->def.max_answers : NamespaceDef{}.max_answers);
}

int Registry::max_srv_of(const Service& service) const {
  const Namespace* const ns = find_namespace(service.apex);
  return service.policy.max_srv.value_or(ns != nullptr ? ns->def.max_srv : NamespaceDef{}.max_srv);
}

std::string Registry::because(std::string_view service, std::string_view id, Wall now) const {
  const Service* const owner = find_service(service);
  const Instance* const instance = find_instance(service, id);
  if (instance == nullptr) return {};
  return registry::because(*owner, *instance, impl_->ruling(*owner, *instance), now);
}

const StaticNames* Registry::static_names(std::string_view apex) const {
  const auto* const found = find_in(impl_->statics, apex);
  return found == nullptr ? nullptr : &found->names;
}

}  // namespace registry
