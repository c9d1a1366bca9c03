// InstancesRevision: "If a new instance is registered or deregistered, the InstancesRevision updates. The health status
// updates don't update InstancesRevision." The registry's index of a service moves with every state, so the revision of
// the last registration is noted here, for the services that somebody discovers.
//
// Owner: the control thread. A restart gives newer ones: clients ask once more than need be.
#pragma once

#include <string>
#include <unordered_map>

#include "api/app.h"

namespace api::cloudmap {

class InstanceRevisions {
 public:
  explicit InstanceRevisions(App& app);
  InstanceRevisions(const InstanceRevisions&) = delete;
  InstanceRevisions& operator=(const InstanceRevisions&) = delete;
  [[nodiscard]] registry::Revision of(const registry::Service& service);

 private:
  void note(const registry::ChangeSet& changes);

  std::unordered_map<std::string, registry::Revision> asked_;  // by folded FQDN; no more than there are services
  registry::Feed::Subscription subscription_;
};

}  // namespace api::cloudmap
