#include <algorithm>
#include <iterator>
#include <utility>

#include "registry/because.h"
#include "registry/core.h"
#include "registry/judge.h"

namespace registry {
namespace {

void link(RegistryCore& core, Service& service, const InstanceDef& def) {
  if (std::string label = fold(def.label); label != def.id) service.labels[label] = def.id;
  if (!def.node.empty()) core.nodes[fold(def.node)].insert({service.name.key(), def.id});
  if (!def.host.empty()) core.hosts[DomainName::parse(def.host)->key()]++;
}

void unlink(RegistryCore& core, Service& service, const InstanceDef& def) {
  if (const std::string label = fold(def.label); label != def.id) service.labels.erase(label);
  if (const auto node = core.nodes.find(fold(def.node)); node != core.nodes.end()) {
    node->second.erase({service.name.key(), def.id});
    if (node->second.empty()) core.nodes.erase(node);
  }
  if (def.host.empty()) return;
  if (const auto host = core.hosts.find(DomainName::parse(def.host)->key()); host != core.hosts.end()) {
    if (--host->second == 0) core.hosts.erase(host);
  }
}

// A heartbeat check has none yet: begin_leases() says whether it is a registration that begins it.
CheckStatus first_status(const CheckDef& check, Wall now) {
  CheckStatus status;
  if (!is_probed(check.kind) || check.initial == CheckState::unknown) return status;
  status.state = check.initial;
  status.since = now;
  return status;
}

std::vector<CheckDef> heartbeats_of(const std::vector<CheckDef>& checks) {
  std::vector<CheckDef> out;
  std::ranges::copy_if(checks, std::back_inserter(out),
                       [](const CheckDef& check) { return check.kind == CheckKind::heartbeat; });
  return out;
}

}  // namespace

Service* RegistryCore::service(std::string_view key) {
  const auto it = index.find(key);
  return it == index.end() ? nullptr : *it;
}

const Service* RegistryCore::find_service(std::string_view key) const {
  const auto it = index.find(key);
  return it == index.end() ? nullptr : *it;
}

void RegistryCore::attach_checks(Service& service, Instance& instance, const InstanceDef& old_def, Edit& edit) {
  unfollow(service, instance);
  unwatch_critical(instance);
  const auto old_checks = std::exchange(instance.checks, applicable_checks(service, instance.def));
  auto old_status = std::exchange(instance.status, {});
  const auto old_traces = std::exchange(instance.trace, {});
  std::vector<std::uint64_t> subjects;
  for (std::size_t i = 0; i < old_status.size(); ++i) subjects.push_back(subject_of((*old_checks)[i], old_def, 0));
  bool all_kept = true;
  for (const CheckDef& check : *instance.checks) {
    const bool none = subjects.empty();
    const auto same = none ? subjects.end() : std::ranges::find(subjects, subject_of(check, *instance.def, 0));
    const bool kept = same != subjects.end();
    const auto old = static_cast<std::size_t>(same - subjects.begin());
    all_kept &= kept;
    instance.status.push_back(kept ? std::move(old_status[old]) : first_status(check, edit.now.wall));
    CheckTrace trace;
    trace.flip_at =
        kept ? old_traces[old].flip_at : flip_time(instance.status.back(), check, service.policy, edit.now.mono);
    if (kept) trace.lease = old_traces[old].lease;
    instance.trace.push_back(trace);
  }
  instance.ever_passed = instance.ever_passed && all_kept;
  follow(service, instance, edit);
}

void RegistryCore::update_flips(Service& service, Instance& instance, const ServicePolicy& before) {
  for (std::size_t i = 0; i < instance.trace.size(); ++i) {
    const CheckDef& def = (*instance.checks)[i];
    if (!is_probed(def.kind)) continue;
    const auto left = [&](const ServicePolicy& policy) { return flip_time(instance.status[i], def, policy, Mono{}); };
    instance.trace[i].flip_at += left(service.policy) - left(before);
  }
}

// A registration counts as a heartbeat, also of a lease that had ended.
void RegistryCore::begin_leases(Service& service, Instance& instance, const std::vector<CheckDef>& before,
                                const Edit& edit) {
  for (std::size_t i = 0; i < instance.checks->size(); ++i) {
    const CheckDef& check = (*instance.checks)[i];
    if (check.kind != CheckKind::heartbeat || std::ranges::find(before, check) != before.end()) continue;
    CheckStatus& status = instance.status[i];
    if (status.state == CheckState::unknown || instance.trace[i].lease == LeasePhase::ended) {
      const CheckState first = check.initial == CheckState::unknown ? CheckState::passing : check.initial;
      enter(status, first, first == CheckState::critical ? Fault::reported : Fault::none, {}, edit.now.wall);
    } else if (instance.trace[i].lease == LeasePhase::held) {
      status.output.clear();
    }
    start_lease(service, instance, i, edit.now.mono);
  }
  sum_leases(service, instance);
}

// Another template is no sign of life: a lease that runs or has ended stays as it is, unless the template gave it.
void RegistryCore::replace_template(Service& service, Instance& instance, Edit& edit) {
  const auto before = heartbeats_of(*instance.checks);
  count_out(service, instance);
  attach_checks(service, instance, *instance.def, edit);
  begin_leases(service, instance, before, edit);
  recount_all(service, instance);
}

void RegistryCore::put_instance(Service& service, InstanceDef def, Origin origin, Edit& edit) {
  const auto present = service.instances.find(def.id);
  const bool fresh = present == service.instances.end();
  check_pool.intern(def.checks);
  auto next = std::make_shared<const InstanceDef>(std::move(def));
  if (!fresh) unlink(*this, service, *present->second.def);
  Instance& instance = fresh ? service.instances.insert(std::make_unique<Instance>(next)) : present->second;
  count_out(service, instance);
  const auto old_def = std::exchange(instance.def, std::move(next));
  link(*this, service, *instance.def);
  if (fresh) {
    ++instance_count;
    instance.available = false;
    instance.created = origin.created != 0 ? origin.created : stamp(edit);
    instance.state_revision = stamp(edit);
    update_idle(service, edit);
  } else if (old_def->host != instance.def->host) {
    instance.resolved = {};
    instance.resolved_until.reset();
  }
  instance.managed_by_config = origin.managed_by_config;
  attach_checks(service, instance, *old_def, edit);
  begin_leases(service, instance, {}, edit);
  recount_all(service, instance);
  touch(edit, service, true);
  instance.revision = origin.revision != 0 ? origin.revision : edit.set.revision;
  // Where observations overtook the commit, it is announced under a newer revision than its ETag: pollers wait for
  // that.
  if (instance.revision != edit.set.revision) instance.state_revision = edit.set.revision;
  refresh(service, instance, edit);
  tell(edit, {ChangeKind::instance, ChangeOp::put, service.name.key(), instance.def->id, instance.available,
              std::string(to_string(instance.reason))});
}

void RegistryCore::erase_instance(Service& service, std::string_view id, Edit& edit) {
  const auto it = service.instances.find(id);
  if (it == service.instances.end()) return;
  Instance& instance = it->second;
  touch(edit, service, true);
  tell(edit, {ChangeKind::instance, ChangeOp::remove, service.name.key(), it->first, false, {}});
  count_out(service, instance);
  drop_timers(service, instance);
  unwatch_critical(instance);
  stop_slow_start(instance);
  held.erase({&service, &instance});
  unfollow(service, instance);
  unlink(*this, service, *instance.def);
  service.available -= instance.available;
  --instance_count;
  service.instances.erase(it);
  update_idle(service, edit);
}

void RegistryCore::set_drain(const DrainEffect& drain, Edit& edit) {
  Service* const owner = service(drain.service);
  if (owner == nullptr) return;
  const auto it = owner->instances.find(drain.id);
  if (it == owner->instances.end()) return;
  Instance& instance = it->second;
  instance.drain_started = drain.started;
  instance.safe_after = drain.started ? drain.safe_after : std::nullopt;
  touch(edit, *owner, false);  // safe_after ends the direct name's TTL; refresh() says whether the content moved
  instance.state_revision = edit.set.revision;
  refresh(*owner, instance, edit);
  tell(edit, {ChangeKind::instance, ChangeOp::state, drain.service, drain.id, instance.available,
              std::string(to_string(instance.reason)),
              !drain.started     ? "the drain was cancelled"
              : drain.safe_after ? "its drain was measured"
                                 : "it is drained"});
}

void RegistryCore::set_check_state(const CheckStateEffect& effect, Edit& edit) {
  Service* const owner = service(effect.service);
  if (owner == nullptr) return;
  const auto it = owner->instances.find(effect.id);
  if (it == owner->instances.end()) return;
  Instance& instance = it->second;
  const std::vector<CheckDef>& checks = *instance.checks;
  for (std::size_t i = 0; i < checks.size(); ++i) {
    if (checks[i].name != effect.check) continue;
    // Written about another registration, definition or target of this name.
    if (subject_of(checks[i], *instance.def, instance.created) != effect.subject) return;
    const bool beat = checks[i].kind == CheckKind::heartbeat;
    if (beat && effect.status.state == CheckState::unknown) return;
    instance.status[i] = effect.status;
    // The guard that held it is gone with the last process: what it sees is counted anew.
    if (is_held(effect.status, checks[i])) instance.status[i].failures = 0;
    if (!beat) instance.trace[i].flip_at = flip_time(instance.status[i], checks[i], owner->policy, edit.now.mono);
    if (beat && effect.status.state == CheckState::critical && effect.status.fault == Fault::timeout) {
      expire_lease(*owner, instance, i, edit.now.mono + instance.def->deregister_after);
    } else if (beat && effect.status.output.starts_with(kSilence)) {
      instance.status[i].output.clear();  // it was held, and has a full term now
    }
    recount(*owner, instance, i);
    instance.ever_passed |= std::all_of(instance.status.begin(), instance.status.end(),
                                        [](const CheckStatus& each) { return each.passed_once; });
    refresh_and_tell(*owner, instance, edit);
    return;
  }
}

void RegistryCore::update_idle(Service& service, const Edit& edit) {
  const bool empty = service.instances.empty() && !service.declared && !service.managed_by_config;
  if (empty == service.empty_since.has_value()) return;
  if (empty) {
    service.empty_since = edit.now.mono;
    idle.insert({*service.empty_since, &service});
  } else {
    idle.erase({*service.empty_since, &service});
    service.empty_since.reset();
  }
}

void RegistryCore::set_serial(const SerialEffect& effect) {
  if (const auto ns = namespaces.find(effect.name); ns != namespaces.end()) {
    ns->second.serial = later_serial(ns->second.serial, effect.serial);
  }
}

}  // namespace registry
