// What a mutation of the registry changed. Small: proportional to the change.
#pragma once

#include <string>
#include <vector>

#include "registry/basics.h"

namespace registry {

enum class ChangeOp : std::uint8_t { put, remove, state, weight };  // weight: a step of a slow start, nothing else
enum class ChangeKind : std::uint8_t { ns, service, instance, override_rule, guard };

struct Change {
  ChangeKind kind = ChangeKind::instance;
  ChangeOp op = ChangeOp::put;
  std::string service;     // folded FQDN; for kind ns the apex; for override_rule its name; for guard what it watches
  std::string id;          // kind instance only
  bool available = false;  // kind instance: after the change
  std::string reason;      // kind instance: after the change; kind guard: its state
  std::string cause{};     // what made the change, as a sentence for people; "" where the op tells it all
  bool operator==(const Change&) const = default;
};

struct ChangeSet {
  Revision revision = 0;  // 0 = nothing changed, nobody is told
  Wall at{};
  std::vector<Change> changes;                  // what watchers are told, in order
  std::vector<std::string> touched_services;    // folded FQDNs whose DNS block must be encoded again (or dropped)
  std::vector<std::string> touched_namespaces;  // folded apexes whose own records changed (SOA, NS, aliases; serial)
  // Services whose horizon moved without anything else changing (failure counters): no revision, no publish.
  std::vector<std::string> horizons;
  bool empty() const { return revision == 0 && horizons.empty(); }
};

}  // namespace registry
