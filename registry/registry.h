// The registry: every namespace, service and instance in memory, and the rules that make an instance available.
//
// Owner: the control thread. Pure: no sockets, no clock, no DNS, no HTTP. Facts come in as effects that a
// Transaction validated and the store committed; observations (probe results, heartbeats, time) come in directly.
// Every mutation returns a ChangeSet that names what changed, so that everyone downstream (DNS, watchers, probes)
// does work in proportion to the change, never to the registry.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "registry/change.h"
#include "registry/effect.h"
#include "registry/guard.h"
#include "registry/health.h"
#include "registry/problem.h"
#include "registry/state.h"

namespace registry {

class Registry {
 public:
  struct Limits {  // docs/limits.md
    std::size_t services = 1'000'000;
    std::size_t instances = 4'000'000;
    std::size_t instances_per_service = 10'000;
    std::size_t overrides = 1'000;
    std::vector<std::string> exec_programs{};  // what checks of kind exec may run (may_run in validate.h); empty = none
  };
  Registry();
  explicit Registry(Limits limits, const GuardSettings& guard = {});
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  // -- reading ---------------------------------------------------------------------------------------------------
  [[nodiscard]] Revision revision() const;
  [[nodiscard]] const Limits& limits() const;
  [[nodiscard]] const Namespace* find_namespace(std::string_view folded) const;
  [[nodiscard]] const Namespace* namespace_of(const DomainName& name) const;  // longest apex or alias; null = none
  [[nodiscard]] const Service* find_service(std::string_view folded) const;
  [[nodiscard]] const Instance* find_instance(std::string_view service, std::string_view id) const;
  [[nodiscard]] const Override* find_override(std::string_view name) const;
  [[nodiscard]] const std::map<std::string, Namespace, std::less<>>& namespaces() const;
  [[nodiscard]] const std::map<std::string, Service, std::less<>>& services() const;  // by folded FQDN
  [[nodiscard]] const std::map<std::string, Override, std::less<>>& overrides() const;
  // Folded FQDNs of a namespace's services, in order; empty when unknown. Valid until the next change.
  [[nodiscard]] const std::set<std::string_view>& services_of(std::string_view apex) const;
  // (service, id) of every instance of a node, folded node name; empty when unknown.
  struct InstanceRef {
    std::string service;
    std::string id;
    auto operator<=>(const InstanceRef&) const = default;
  };
  [[nodiscard]] const std::map<std::string, std::set<InstanceRef>, std::less<>>& nodes() const;
  [[nodiscard]] std::size_t instance_count() const;
  [[nodiscard]] bool is_followed(std::string_view service) const;  // by an alias check
  [[nodiscard]] std::optional<Revision> namespace_index(std::string_view folded) const;

  [[nodiscard]] Millis ttl_of(const Service& service) const;  // policy, else the rules, else the namespace
  [[nodiscard]] Millis min_ttl_of(const Service& service) const;
  // Of the address behind an SRV target, asked for by itself while the instance drains. Names in Consul's layout say
  // nothing of their service: there it is the namespace's, where that is longer.
  [[nodiscard]] Millis target_ttl_of(const Service& service) const;
  [[nodiscard]] int max_answers_of(const Service& service) const;
  [[nodiscard]] int max_srv_of(const Service& service) const;
  [[nodiscard]] const StaticNames* static_names(std::string_view apex) const;

  // -- facts (the write path only) --------------------------------------------------------------------------------
  // Takes the next revision for a commit that is about to be written. Observations may take later ones meanwhile.
  Revision reserve_revision();
  // Executes a committed record. When observations overtook its revision, the change is announced under a newer one.
  ChangeSet apply(Record record, const Now& now);
  // Rebuilds everything from the store at start: latest effect per key, any order. Every lease gets one full term;
  // one that had ended stays ended, for one deregister_after. Call declare() before: what the file declares wins over
  // the stored fact of the same name. Returns a sentence for the operator per kind of thing that was left out
  // (namespace no longer declared, overruled by the file, not valid any more); left out is not deleted: it stays in
  // the store. An instance whose service is not stored gets the service anew, as its first registration did.
  //
  // `lost` bounds how many revisions may have been handed out after the last one that the store shows (0 after an
  // orderly end, else high_water minus that last revision). Every change of a namespace's serial takes a revision, so
  // the serials move ahead by as many and never run backwards.
  std::vector<std::string> restore(std::vector<Effect> effects, Revision high_water, const Now& now, Revision lost = 0);
  // What of a change set the store should keep although no command asked for it: check states and serials.
  [[nodiscard]] std::vector<Effect> observed(const ChangeSet& changes) const;
  // What the configuration file declares: replaces what it declared before; not persisted. Conflicts with stored
  // facts: the file wins, the stored one is shadowed or replaced, and `notes` says so in one sentence each.
  struct Declared {
    std::vector<NamespaceDef> namespaces;
    struct Svc {
      DomainName name;
      ServicePolicy policy;
      std::vector<InstanceDef> instances;
    };
    std::vector<Svc> services;
  };
  ChangeSet declare(Declared declared, const Now& now, std::vector<std::string>& notes);
  // A zone file was (re)loaded for a namespace. Services that it covers become shadowed.
  // `conflicts` lists services that own a name of the file; at a reload the daemon asks first and keeps the old zone.
  [[nodiscard]] std::vector<std::string> static_conflicts(std::string_view apex, const StaticNames& names) const;
  // The first call for a namespace moves its serial only where the file's is ahead (a restart changes no answer).
  ChangeSet set_static_names(std::string_view apex, StaticNames names, const Now& now);

  // -- observations -----------------------------------------------------------------------------------------------
  ChangeSet observe_probe(std::string_view service, std::string_view id, std::string_view check,
                          const ProbeResult& result, const Now& now);
  // `check` may be empty: the first heartbeat check is meant. Without a state it reports `passing`.
  // A heartbeat, optionally with a reported state. Without change of state it moves no revision (empty ChangeSet).
  Result<ChangeSet> heartbeat(std::string_view service, std::string_view id, std::string_view check,
                              std::optional<CheckState> state, std::string_view output, const Now& now);
  // The lease half of a PUT that changed nothing: one full term from now; nothing without a lease, nor after its end
  // (to bring it back takes a commit). The state that heartbeats reported stays.
  ChangeSet renew_lease(std::string_view service, std::string_view id, const Now& now);
  ChangeSet observe_host(std::string_view service, std::string_view id, const Addresses& addresses,
                         std::optional<Mono> until, const Now& now);
  // Time passed: leases that ended, overrides that expired, all of them in one change set. Call at or after
  // next_deadline(), then ask due(). The deadline may come early for a lease that was renewed meanwhile.
  ChangeSet advance(const Now& now);
  [[nodiscard]] Mono next_deadline() const;
  // To be called about every second: where the wall clock was set, overrides of before the restart end as it says now.
  // Those set since count down, whatever the clock does.
  ChangeSet follow_wall_clock(const Now& now);
  // Facts that time asks for, to be submitted as commands by the daemon (DeleteInstance and DeleteService with
  // `only_due`, DeleteOverride): instances past a deregister_after, services empty for an hour, expired overrides. At
  // most `limit` of each. They stay due until they are gone: a failed commit is tried again with the next call.
  struct Due {
    std::vector<InstanceRef> instances;
    std::vector<std::string> services;
    std::vector<std::string> overrides;
  };
  [[nodiscard]] Due due(const Now& now, std::size_t limit) const;
  // The server asked itself, as it asks others: a failure is evidence that what else fails is our own fault. Counts
  // until the next one says otherwise, at most for kSelfProbeValid.
  ChangeSet observe_self_probe(bool failed, const Now& now);
  // Ends a hold now: what is held is believed, and nothing more is held until the evidence was gone.
  ChangeSet lift_guard(const Now& now);
  struct GuardView {
    GuardKind kind = GuardKind::probes;
    Guard::State state = Guard::State::off;
    Mono since{}, until{};  // while holding
    std::string why;        // of the last time it began
    std::uint64_t begun = 0, lifted = 0;
  };
  [[nodiscard]] std::vector<GuardView> guards() const;  // of probes, of leases
  [[nodiscard]] bool guard_holding() const;
  [[nodiscard]] std::size_t held_instances() const;
  // Why an instance is in or out, as a sentence: "passing for 2h13m", "check http: connection refused". "" = unknown.
  [[nodiscard]] std::string because(std::string_view service, std::string_view id, Wall now) const;
  // After a detected pause of the process: every lease gets one full term again.
  void renew_all_leases(const Now& now);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  friend class Transaction;
};

}  // namespace registry
