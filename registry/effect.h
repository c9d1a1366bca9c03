// An effect is one keyed, total statement about the registry: "this instance is now so", "that service is gone".
// Effects are what a transaction produces, what the commit log stores, and what `Registry::apply` executes; applying
// one never fails. Applying the latest effect of every key in any order of keys rebuilds the registry.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "registry/definition.h"
#include "registry/health.h"

namespace registry {

// What is put carries the revisions that it shows as ETag and `created`, so that a restart keeps them. 0 in a new
// effect: stamp_revisions() fills them in.
struct PutNamespaceEffect {
  NamespaceDef def;
  Revision created = 0;
  Revision revision = 0;
  bool on_demand = false;  // made by its first service, and gone with its last
};
struct DeleteNamespaceEffect {
  std::string name;  // folded
};
struct PutServiceEffect {
  DomainName name;
  ServicePolicy policy;
  bool declared = false;  // PUT by itself; else made by its first instance and gone 1 h after its last
  Revision created = 0;
  Revision revision = 0;
};
struct DeleteServiceEffect {
  std::string service;  // folded FQDN; its instances go with it
};
struct PutInstanceEffect {
  std::string service;  // folded FQDN
  InstanceDef def;
  Revision created = 0;
  Revision revision = 0;
};
struct DeleteInstanceEffect {
  std::string service;
  std::string id;
};
struct DrainEffect {
  std::string service;
  std::string id;
  std::optional<Wall> started;     // unset = not draining (any more)
  std::optional<Wall> safe_after;  // when the last copy handed out must have expired
};
struct PutOverrideEffect {
  OverrideDef def;
  Revision revision = 0;  // of two that rank alike the newer one decides
};
struct DeleteOverrideEffect {
  std::string name;
};
// Observations, written behind: check states survive a restart (CASES 3.4, DESIGN section 5).
struct CheckStateEffect {
  std::string service;
  std::string id;
  std::string check;
  std::uint64_t subject = 0;  // what the result speaks of: subject_of() in registry/judge.h
  CheckStatus status;
};
// What only the name server knows of a namespace and must not run backwards: its serial.
struct SerialEffect {
  std::string name;  // folded apex
  std::uint32_t serial = 0;
};

using Effect = std::variant<PutNamespaceEffect, PutServiceEffect, PutInstanceEffect, DrainEffect, PutOverrideEffect,
                            CheckStateEffect, SerialEffect, DeleteInstanceEffect, DeleteServiceEffect,
                            DeleteNamespaceEffect, DeleteOverrideEffect>;

// The effects of one commit: one revision, all or nothing.
struct Record {
  Revision revision = 0;
  Wall at{};
  std::vector<Effect> effects;
};

// Before the commit: what is put gets the record's revision, new things as the one that created them too, so that the
// store knows them and a restart keeps every ETag.
void stamp_revisions(Record& record);

}  // namespace registry
