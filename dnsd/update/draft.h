// The instances that an update changes: as they were and as they shall be. Owner: the control thread.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "registry/registry.h"
#include "registry/transaction.h"

namespace dnsd::update {

class Drafts {
 public:
  explicit Drafts(const registry::Registry& registry) : registry_(registry) {}

  struct Draft {
    registry::DomainName service;
    const registry::Instance* before = nullptr;
    std::optional<registry::InstanceDef> now;  // unset = it shall not be
    bool touched = false;                      // something was added: an equal definition renews the lease
  };
  // By label, case-insensitively; one that does not exist has no `now`.
  Draft& at(const registry::DomainName& service, std::string_view label);
  // All of a service, existing and made by this update.
  std::vector<Draft*> of(const registry::DomainName& service);
  // `checks`: the lease that what was added gets.
  [[nodiscard]] std::vector<registry::Command> commands(const std::optional<registry::CheckDef>& lease);
  [[nodiscard]] bool all_have_addresses() const;
  void drop_addressless();  // an instance that lost its last address by this update is removed

 private:
  const registry::Registry& registry_;
  std::map<std::pair<std::string, std::string>, Draft> drafts_;  // by service and folded label
  std::set<std::string> whole_;                                  // services of which all instances are drafts
};

}  // namespace dnsd::update
