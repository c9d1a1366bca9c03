// The registry's state and the steps that change it. Internal to registry*.cc and transaction*.cc; owner: the control
// thread.
//
// Invariants:
//  - every service lies one label below its namespace's apex, and `members[apex]` lists it;
//  - `nodes`, `hosts`, `instance_count`, Service::labels and Service::available agree with the instances;
//  - an instance with a running lease stands in `leases` at Instance::timer (never later than its deadline), one with
//    an ended lease in `forgets` at its forget_at; a held lease is in neither; a service with `empty_since` stands in
//    `idle`;
//  - `critical` and `critical_due` hold the critical checks that name a deregister_after;
//  - the guards count each check as its trace says; `falls` holds those whose trace says `fell`; `held` lists the
//    instances that are held. What is held while its guard does not hold waits for a verdict, until `let_go_at`;
//  - a noted fall of a lease is over before its forget_at: what is to be deregistered is not brought back.
#pragma once

#include <compare>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "registry/core_parts.h"
#include "registry/name_set.h"
#include "registry/registry.h"

namespace registry {

struct ByKey {  // hash and equality of services by their names
  using is_transparent = void;
  static std::string_view key(std::string_view name) { return name; }
  static std::string_view key(const Service* service) { return service->name.key(); }
  std::size_t operator()(const auto& each) const { return std::hash<std::string_view>()(key(each)); }
  bool operator()(const auto& a, const auto& b) const { return key(a) == key(b); }
};

struct RegistryCore {
  RegistryCore(Registry::Limits bounds, const GuardSettings& guard)
      : limits(bounds), probe_guard(GuardKind::probes, guard), lease_guard(GuardKind::leases, guard) {}

  Registry::Limits limits;
  Revision revision = 0;
  std::map<std::string, Namespace, std::less<>> namespaces;
  std::map<std::string, std::string, std::less<>> apex_of;  // apex or alias -> apex
  NameSet apexes;                                           // the keys of apex_of
  std::map<std::string, std::set<std::string_view>, std::less<>> members;
  std::map<std::string, Service, std::less<>> services;
  // The one inserted last, or the end: those who load many come in order, and then the next stands right behind it.
  std::map<std::string, Service, std::less<>>::iterator newest = services.end();
  // The same by hash: a look-up in the tree of 250,000 costs a microsecond of cache misses, and a registration has six.
  std::unordered_set<Service*, ByKey, ByKey> index;
  std::map<std::string, Override, std::less<>> overrides;
  std::vector<const Override*> ranking;  // those in force, the deciding one first
  // Their places in it: by the service where they name one, and all the others.
  std::map<std::string, std::vector<std::size_t>, std::less<>> ranked_of;
  std::vector<std::size_t> ranked_globs;
  Mono overrides_end = Mono::max();  // the first of them
  Millis wall_offset{};              // of the wall clock to ours, as the ends of overrides were counted
  std::map<std::string, std::set<Registry::InstanceRef>, std::less<>> nodes;
  std::map<std::string, std::size_t, std::less<>> hosts;  // how many instances name this host, folded
  struct Statics {
    StaticNames names;
    NameSet tree;
  };
  std::map<std::string, Statics, std::less<>> statics;
  std::size_t instance_count = 0;
  std::set<Timer> leases, forgets;
  std::set<Idle> idle;
  std::map<const Instance*, Starting> starting;  // those whose share of their weight is not whole yet
  std::set<Timer> starting_steps;                // the same by Starting::next
  Guard probe_guard, lease_guard;
  std::map<CheckRef, Fall> falls;
  std::set<std::pair<Mono, CheckRef>> falls_due;  // the same by Fall::until
  struct Reap {
    Service* service = nullptr;
    Mono at{};  // its instance is deregistered
  };
  std::map<CheckRef, Reap> critical;
  std::set<std::pair<Mono, CheckRef>> critical_due;  // the same by Reap::at
  std::set<std::pair<Service*, Instance*>> held;
  MaybeTime<Mono> let_go_at;  // the guard of the probes is off, and what it held still waits for its verdict
  MaybeTime<Mono> self_failed_until;
  bool counts_moved = false;  // since the guards looked
  Mono advanced_to = Mono::min();
  Revision declared_at = 0;  // when the configuration file last changed something
  CheckPool check_pool;
  struct Follower {
    Service* service = nullptr;
    Instance* instance = nullptr;  // null = its template
    auto operator<=>(const Follower&) const = default;
  };
  std::map<std::string, std::set<Follower>, std::less<>> followers;  // who has an alias check on this service, folded

  // core_edit.cc
  Revision stamp(Edit& edit);  // the edit's revision, taken now when it has none
  void tell(Edit& edit, Change change);
  void touch(Edit& edit, Service& service, bool content);
  // Judges anew. True when something that anyone can see changed; state_revision and touch follow, no Change is told.
  bool refresh(Service& service, Instance& instance, Edit& edit);
  void refresh_and_tell(Service& service, Instance& instance, Edit& edit);
  // A check's state changed: its instance's revision moves and everyone hears of it, also where other checks keep the
  // instance as it was (readers see the check's state).
  void check_changed(Service& service, Instance& instance, Edit& edit, std::string cause);
  void counters_moved(Service& service, Instance& instance, Edit& edit);  // nothing but time moved, as a rule
  // After `instance.horizon` moved although nothing else changed.
  void note_horizon(Service& service, const Instance& instance, Edit& edit);
  void announce_horizon(Service& service, Edit& edit);  // the least of its instances'
  ChangeSet finish(Edit&& edit);

  // core_names.cc
  [[nodiscard]] const std::string* apex_for(std::string_view key) const;  // longest apex or alias at or above the name
  [[nodiscard]] bool static_covers(std::string_view apex, std::string_view service_key) const;
  [[nodiscard]] bool covered(const Service& service) const;  // by a static name or by another namespace
  [[nodiscard]] std::set<std::string> services_at(std::string_view apex, const StaticNames& names) const;
  [[nodiscard]] std::string canonical(std::string_view key) const;  // under its namespace, where it is under an alias
  void update_shadow(Service& service, Edit& edit);
  void update_shadows_above(std::string_view apex, Edit& edit);

  // core_facts.cc
  void put_namespace(NamespaceDef def, Origin origin, Edit& edit);
  void erase_namespace(std::string_view name, Edit& edit);
  void forget_apex(const std::string& name, const std::string& owner);
  void move_around(std::string_view apex, Edit& edit);
  Service& put_service(const DomainName& name, ServicePolicy policy, bool declared, Origin origin, Edit& edit);
  void erase_service(std::string_view key, Edit& edit);
  void put_override(OverrideDef def, Revision stored, Edit& edit);  // 0 = this edit
  void erase_override(std::string_view name, Edit& edit);
  void rank_overrides();
  void refresh_matching(const OverrideDef& def, Edit& edit);

  // core_instances.cc
  void put_instance(Service& service, InstanceDef def, Origin origin, Edit& edit);
  void erase_instance(Service& service, std::string_view id, Edit& edit);
  void set_drain(const DrainEffect& drain, Edit& edit);
  void set_check_state(const CheckStateEffect& effect, Edit& edit);  // as stored
  // Recomputes the applicable checks; results that still mean the same are kept.
  void attach_checks(Service& service, Instance& instance, const InstanceDef& old_def, Edit& edit);
  // Of all its heartbeat checks, or of those that were not among `before`.
  void begin_leases(Service& service, Instance& instance, const std::vector<CheckDef>& before, const Edit& edit);
  void replace_template(Service& service, Instance& instance, Edit& edit);
  // After the policy that flip_time() looks at was another one.
  void update_flips(Service& service, Instance& instance, const ServicePolicy& before);
  void update_idle(Service& service, const Edit& edit);
  void set_serial(const SerialEffect& effect);

  // slow_start.cc
  // The share that an instance gets from now on, which is about to be `available` or not.
  [[nodiscard]] std::uint8_t share_of(Service& service, Instance& instance, bool available, const Edit& edit);
  void start_slowly(Service& service, Instance& instance, Mono began, Mono next);
  void stop_slow_start(const Instance& instance);
  void advance_slow_starts(Edit& edit);

  // core_count.cc
  [[nodiscard]] Guard& guard_of(const CheckDef& check);
  void set_pace(Service& service, Instance& instance, std::size_t check, Millis pace);
  void recount(Service& service, Instance& instance, std::size_t check);  // after its status or its lease changed
  void count_as(Service& service, Instance& instance, std::size_t check, Standing standing);
  void recount_all(Service& service, Instance& instance);
  void count_out(Service& service, Instance& instance);  // before its address, its checks or itself go
  void note_fall(Instance& instance, std::size_t check, Fall before, Mono now);
  void drop_fall(Instance& instance, std::size_t check);

  // core_guard.cc
  // Neither holds, nor did so a moment ago, nor is anything left of it: only new evidence matters.
  [[nodiscard]] bool guards_rest() const;
  void look_at_guards(Edit& edit);
  void look_at(Guard& guard, Edit& edit);
  void revert_falls(const Guard& guard, Edit& edit);
  void put_back_share(const Fall& fall, Instance& instance, Edit& edit);
  void let_go(const Guard& guard, Edit& edit, bool believed);
  void let_go_checks(Service& service, Instance& instance, Edit& edit);
  void let_go_lease(Service& service, Instance& instance, Edit& edit, bool believed);
  void tell_guard(const Guard& guard, Edit& edit, std::string cause);
  [[nodiscard]] Mono held_until() const;
  void update_held(Service& service, Instance& instance);
  // core_follow.cc
  void follow(Service& service, Instance& instance, Edit& edit);  // after its checks were attached
  void unfollow(Service& service, Instance& instance);            // before they go
  void unfollow(const std::vector<CheckDef>& checks, const Follower& who);
  // Another template, before it is the policy's. It counts without instances too: they may come later.
  void replace_followed(Service& service, const std::vector<CheckDef>& checks);
  void pass_on(Edit& edit);  // what changed, to who follows it
  void pass_on(std::set<std::string, std::less<>> changed, Edit& edit);
  // The same for one service's followers of `key`, from `at` on; returns whether others who follow that service hear.
  using FollowerAt = std::set<Follower>::const_iterator;
  [[nodiscard]] bool pass_on(std::string_view key, const Followed& now, FollowerAt at, FollowerAt end, Edit& edit);
  // Whether `service` follows `other`, by an instance or its template, itself or over others. Folded names; each
  // follows itself.
  [[nodiscard]] bool follows(std::string_view service, std::string_view other) const;

  // core_leases.cc. `check` is the place of a heartbeat check.
  // Heartbeats stopped for as long as the lease allows: told, with the forget_at that follows.
  void end_lease(Service& service, Instance& instance, std::size_t check, Mono deadline, Edit& edit);
  void hold_lease(Service& service, Instance& instance, std::size_t check, Edit& edit);
  void start_lease(Service& service, Instance& instance, std::size_t check, Mono now);
  void expire_lease(Service& service, Instance& instance, std::size_t check, Mono forget_at);
  void sum_leases(Service& service, Instance& instance);   // after one moved: what is derived, and the timers
  void drop_timers(Service& service, Instance& instance);  // before the instance goes

  // core_critical.cc
  void watch_critical(Service& service, Instance& instance, Mono now);  // after its checks may have changed state
  void unwatch_critical(Instance& instance);                            // before its checks go
  [[nodiscard]] bool is_reaped(const Instance& instance, Mono now) const;

  [[nodiscard]] Service* service(std::string_view key);
  [[nodiscard]] const Service* find_service(std::string_view key) const;
  [[nodiscard]] const Override* ruling(const Service& service, const Instance& instance) const;
  void apply(Effect&& effect, Edit& edit);
};

struct Registry::Impl : RegistryCore {
  using RegistryCore::RegistryCore;
};

// Checks of kind alias follow a service under its namespace, however it was named (a namespace has aliases). Nothing
// where they do already. `canonical` maps folded names.
[[nodiscard]] std::optional<std::vector<CheckDef>> with_canonical_names(
    const std::vector<CheckDef>& checks, const std::function<std::string(std::string_view)>& canonical);

// When it ends on our clock, as the wall clock stands.
[[nodiscard]] Mono end_of(const OverrideDef& def, const Now& now);

// RFC 1982: the furthest of the serials, never 0 (some secondaries take it for "unknown").
[[nodiscard]] std::uint32_t later_serial(std::uint32_t a, std::uint32_t b);
// The next serial after `serial`, in step with the revision and above a zone file's (0 = none).
[[nodiscard]] std::uint32_t next_serial(std::uint32_t serial, Revision revision, std::uint32_t file_serial);

}  // namespace registry
