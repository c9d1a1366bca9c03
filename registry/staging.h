// What a transaction has staged, laid over the registry: later commands see what earlier ones did. Internal to
// transaction*.cc; owner: the control thread; lives within one turn of it, so the registry stands still beneath.
//
// Every step writes its undo first, so that a mark is a position in the undo log.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "registry/core.h"
#include "registry/effect.h"

namespace registry {

struct StagedService {
  DomainName name;
  ServicePolicy policy;
  bool declared = false;
  Revision created = 0;
};

struct ServiceView {
  const DomainName* name = nullptr;
  const ServicePolicy* policy = nullptr;
  bool declared = false;
  bool managed_by_config = false;
  bool shadowed = false;
  Revision created = 0;
  Revision revision = 0;  // 0 = staged just now: no ETag yet
};

struct InstanceView {
  const InstanceDef* def = nullptr;
  const Instance* base = nullptr;  // null when it was made in this transaction
  bool managed_by_config = false;
  Revision created = 0;
  Revision revision = 0;
};

struct NamespaceView {
  const NamespaceDef* def = nullptr;
  bool managed_by_config = false;
  bool on_demand = false;
  Revision created = 0;
  Revision revision = 0;
};

struct OverrideView {
  const OverrideDef* def = nullptr;
  bool expired = false;
};

using Ref = Registry::InstanceRef;

class Staging {
 public:
  Staging(const RegistryCore& core, const Now& now) : core_(core), now_(now) {}

  [[nodiscard]] const RegistryCore& core() const { return core_; }
  [[nodiscard]] const Now& now() const { return now_; }

  [[nodiscard]] std::optional<NamespaceView> find_namespace(std::string_view apex) const;
  [[nodiscard]] std::optional<ServiceView> find_service(std::string_view key) const;
  [[nodiscard]] std::optional<InstanceView> find_instance(const std::string& service, std::string_view id) const;
  [[nodiscard]] std::optional<OverrideView> find_override(const std::string& name) const;
  [[nodiscard]] std::optional<std::string> id_of_label(const std::string& service, const std::string& label) const;
  [[nodiscard]] std::optional<DrainEffect> drain_of(const Ref& ref) const;  // when draining
  // The apex or alias at or above the name that is the longest, and the namespace it stands for.
  struct Apex {
    std::string matched;
    std::string apex;
  };
  [[nodiscard]] std::optional<Apex> apex_for(std::string_view key) const;
  [[nodiscard]] std::optional<std::string> apex_named(std::string_view name) const;  // exactly this apex or alias
  [[nodiscard]] bool any_apex_at_or_below(std::string_view name) const;
  [[nodiscard]] bool any_apex_strictly_below(const DomainName& name) const;  // walks all apexes
  [[nodiscard]] std::size_t namespaces_on_demand() const;                    // likewise
  // A name under an alias of a namespace, as the name under the namespace itself.
  [[nodiscard]] std::string canonical(std::string_view key) const;
  [[nodiscard]] bool names_host(std::string_view key) const;  // some instance has this host name

  [[nodiscard]] std::size_t instances_in(const std::string& service) const;
  [[nodiscard]] std::vector<std::string> ids_in(const std::string& service) const;
  [[nodiscard]] std::size_t services_in(const std::string& apex) const;
  [[nodiscard]] std::size_t instances() const { return total(core_.instance_count, instance_delta_); }
  [[nodiscard]] std::size_t services() const { return total(core_.services.size(), service_delta_); }
  [[nodiscard]] std::size_t overrides() const { return total(core_.overrides.size(), override_delta_); }

  void put(PutNamespaceEffect effect);
  void put(PutServiceEffect effect);
  void put(PutInstanceEffect effect);
  void put(PutOverrideEffect effect);
  void erase_namespace(const std::string& apex);
  void erase_service(const std::string& key);  // has no instances any more
  void erase_instance(const Ref& ref);
  void erase_override(const std::string& name);
  void set_drain(DrainEffect effect);
  void push(Effect effect);  // one without anything to see for later commands

  [[nodiscard]] std::size_t size() const { return effects_.size(); }
  void roll_back(std::size_t effects);
  [[nodiscard]] std::vector<Effect> take();

 private:
  [[nodiscard]] const Service* base_service(std::string_view key) const;
  template <class Map>
  void set(Map& map, const typename Map::key_type& key, typename Map::mapped_type value) {
    const auto [it, fresh] = map.try_emplace(key);
    if (fresh) {
      undo_.push_back([&map, at = it] { map.erase(at); });
    } else {
      undo_.push_back([at = it, old = it->second] { at->second = old; });
    }
    it->second = std::move(value);
  }
  void add(std::ptrdiff_t& counter, std::ptrdiff_t by);
  static std::size_t total(std::size_t base, std::ptrdiff_t delta) {
    return static_cast<std::size_t>(static_cast<std::ptrdiff_t>(base) + delta);
  }

  const RegistryCore& core_;
  Now now_;
  mutable std::optional<std::pair<std::string, const Service*>> last_;  // the registry beneath does not move
  std::deque<Effect> effects_;          // they stay where they are: what is staged points into them
  std::vector<std::size_t> undo_size_;  // per effect: the length of the undo log after it
  std::vector<std::function<void()>> undo_;

  // Unset optional = gone.
  std::map<std::string, std::optional<PutNamespaceEffect>, std::less<>> namespaces_;
  std::map<std::string, std::optional<std::string>, std::less<>> apexes_;
  std::map<std::string, std::optional<StagedService>, std::less<>> services_;
  struct StagedInstances {  // of one service
    std::map<std::string, std::optional<const PutInstanceEffect*>, std::less<>> by_id;
    std::map<std::string, std::optional<std::string>, std::less<>> by_label;
    std::ptrdiff_t delta = 0;
  };
  std::unordered_map<std::string, StagedInstances> instances_;
  std::map<Ref, DrainEffect> drains_;
  std::map<std::string, std::optional<OverrideDef>, std::less<>> overrides_;
  std::map<std::string, std::ptrdiff_t> services_in_;
  std::ptrdiff_t instance_delta_ = 0, service_delta_ = 0, override_delta_ = 0;
};

}  // namespace registry
