// What the registry holds in memory: namespaces, services, instances and overrides with their state. Everyone may read;
// only the registry changes it.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "registry/census.h"
#include "registry/definition.h"
#include "registry/health.h"
#include "registry/instance_map.h"
#include "registry/maybe_time.h"
#include "registry/slow_start.h"

namespace registry {

// Why an instance is in or out (the closed list of HTTP.md; those about one answer only are DNS's to add).
enum class Reason : std::uint8_t {
  ok,
  check_failing,
  check_first_result_pending,
  lease_expired,
  draining,
  override_down,
  override_up,
  shadowed,
  guard_held,
};
[[nodiscard]] std::string_view to_string(Reason reason);  // "check.failing"

// How a heartbeat check stands, beside its state. none: no other kind has one, and without an end there is none.
enum class LeasePhase : std::uint8_t { none, running, ended, held };  // held: over, and the guard does not believe it

// What is kept per check beside its status.
struct CheckTrace {
  // A probe: its last result + interval x results until it could flip. A lease: its deadline while it runs, and when
  // the instance goes for it once it has ended.
  Mono flip_at{};
  Standing counted = Standing::out;  // as what the guard counts it
  bool fell = false;                 // lately, and the guard may still revert it
  LeasePhase lease = LeasePhase::none;
  std::uint32_t pace = 0;  // milliseconds between its probes, where they come slower than its interval
};

struct Instance {
  Instance() = default;
  explicit Instance(std::shared_ptr<const InstanceDef> given) : def(std::move(given)) {}

  std::shared_ptr<const InstanceDef> def;  // never null; replaced, never changed
  Revision created = 0;
  Revision revision = 0;        // last change of the facts: the ETag
  Revision state_revision = 0;  // last change of the state
  bool managed_by_config = false;
  bool lease_held = false;  // derived: a lease is over, and the guard does not believe it
  bool held = false;        // derived: that, or a check that the guard keeps up

  // The checks that apply: the definition's own, else the service's template; plus its lease. Same order as status.
  std::shared_ptr<const std::vector<CheckDef>> checks;
  std::vector<CheckStatus> status;
  std::vector<CheckTrace> trace;   // per check
  MaybeTime<Mono> lease_deadline;  // derived: the first of its running leases to end; unset = none runs
  MaybeTime<Mono> forget_at;       // derived: a lease ended, and then deregistration is due for it
  Addresses resolved;              // of def->host, as last resolved
  MaybeTime<Mono> resolved_until;  // TTL of that resolution
  MaybeTime<Wall> drain_started;
  MaybeTime<Wall> safe_after;

  // Derived, kept current by the registry:
  CheckState state = CheckState::passing;
  // With checks that name a family, `state` is that of the better family, so that it agrees with `available`.
  bool available = false;     // may be answered in at least one family
  bool available_v4 = false;  // judged apart only where a check names a family
  bool available_v6 = false;
  bool ever_passed = false;  // fail_open answers only what ever passed or has no checks
  Reason reason = Reason::ok;
  std::uint8_t share = kFullShare;     // of its weight, while it starts slowly
  std::uint16_t full_weight = 0;       // of its state
  std::uint16_t effective_weight = 0;  // that share of it
  Mono horizon = Mono::max();          // the state cannot flip before
  Mono timer = Mono::max();  // where its leases stand among the registry's timers: a heartbeat moves the deadline only

  [[nodiscard]] const Addresses& addresses() const { return def->host.empty() ? def->addresses : resolved; }
};

struct Service {
  DomainName name;
  std::string apex;  // folded name of its namespace
  ServicePolicy policy;
  bool declared = false;
  bool managed_by_config = false;
  bool shadowed = false;  // a static record owns its name: not in DNS
  Revision created = 0;
  Revision revision = 0;        // policy
  Revision index = 0;           // last change of anything in it, state included: the long poll's index
  MaybeTime<Mono> empty_since;  // made by its first instance, and the last one is gone
  std::shared_ptr<const std::vector<CheckDef>> checks;    // the policy's template; null = none
  std::shared_ptr<const std::vector<CheckDef>> combined;  // template + lease as last combined: equal ones are shared
  // The least horizon of its instances, as last announced (touched_services, horizons). Never later than the truth;
  // heartbeats and passing probes only make it earlier than need be, until it is near enough to matter for the TTL.
  Mono horizon = Mono::max();
  Mono horizon_due{};               // look again when time has come this far
  InstanceMap<Instance> instances;  // by id
  // Folded label -> id, of those alone whose id is not that label itself: the native API's ids mostly are.
  std::map<std::string, std::string, std::less<>> labels;
  [[nodiscard]] const Instance* holder_of(std::string_view folded_label) const;
  std::size_t available = 0;
};

struct Namespace {
  NamespaceDef def;
  bool managed_by_config = false;
  bool on_demand = false;  // made by its first service, and gone with its last
  Revision created = 0;
  Revision revision = 0;
  Revision index = 0;  // last change of anything in it, removals and states included
  std::size_t services = 0;
  std::uint32_t serial = 1;  // SOA serial: moves with the transfer content, never backwards (RFC 1982)
};

struct Override {
  OverrideDef def;
  Revision revision = 0;
  Mono ends = Mono::max();
  bool by_clock = false;  // of before the restart: its end is a time of day, and moves where the clock is set
  bool expired = false;   // takes no effect any more; due() asks for its removal
};

// What a zone file owns in a namespace's tree. Handed in by the daemon after (re)loading zone files.
struct StaticNames {
  std::set<std::string, std::less<>> owners;  // folded FQDNs, without the apex
  std::uint32_t serial = 0;                   // of the file's SOA; 0 = none
};

}  // namespace registry
