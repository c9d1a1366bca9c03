// Observations: probe results, heartbeats, resolved hosts, time.
#include <fmt/format.h>

#include <algorithm>

#include "registry/core.h"
#include "registry/judge.h"

namespace registry {
namespace {

struct Found {
  Service* service = nullptr;
  Instance* instance = nullptr;
  explicit operator bool() const { return instance != nullptr; }
};

Found find(RegistryCore& core, std::string_view service, std::string_view id) {
  Service* const owner = core.service(service);
  if (owner == nullptr) return {};
  const auto it = owner->instances.find(id);
  if (it == owner->instances.end()) return {owner, nullptr};
  return {owner, &it->second};
}

// A check's state changed: its instance's revision moves and everyone hears of it, also where other checks keep the
// instance as it was (readers see the check's state).
void check_changed(RegistryCore& core, Found at, Edit& edit) {
  if (!core.refresh(*at.service, *at.instance, edit)) {
    core.touch(edit, *at.service, false);
    at.instance->state_revision = edit.set.revision;
  }
  core.tell(edit, {ChangeKind::instance, ChangeOp::state, at.service->name.key(), at.instance->def->id,
                   at.instance->available, std::string(to_string(at.instance->reason))});
}

// Nothing but time moved.
void counters_moved(RegistryCore& core, Found at, Edit& edit) {
  core.refresh(*at.service, *at.instance, edit);
  core.note_horizon(*at.service, *at.instance, edit);
}

Fault fault_of(CheckState reported) { return reported == CheckState::critical ? Fault::reported : Fault::none; }

}  // namespace

ChangeSet Registry::observe_probe(std::string_view service, std::string_view id, std::string_view check,
                                  const ProbeResult& result, const Now& now) {
  const Found at = find(*impl_, service, id);
  if (!at || result.verdict == Verdict::unknown) return {};
  const std::vector<CheckDef>& checks = *at.instance->checks;
  const auto def = std::find_if(checks.begin(), checks.end(), [&](const CheckDef& c) { return c.name == check; });
  if (def == checks.end() || def->kind == CheckKind::heartbeat) return {};
  const auto i = static_cast<std::size_t>(def - checks.begin());
  Edit edit(now);
  const bool changed = observe(at.instance->status[i], *def, result, now.wall);
  at.instance->flip_at[i] = flip_time(at.instance->status[i], *def, at.service->policy, now.mono);
  if (changed) {
    check_changed(*impl_, at, edit);
  } else {
    counters_moved(*impl_, at, edit);
  }
  return impl_->finish(std::move(edit));
}

Result<ChangeSet> Registry::heartbeat(std::string_view service, std::string_view id, std::string_view check,
                                      std::optional<CheckState> state, std::string_view output, const Now& now) {
  const Found at = find(*impl_, service, id);
  if (at.service == nullptr) return fail(ProblemKind::unknown_service, fmt::format("no service '{}'", service));
  // Past deregister_after it is gone, whether or not the deletion has been committed yet.
  if (!at || (at.instance->forget_at && now.mono >= *at.instance->forget_at)) {
    return fail(ProblemKind::unknown_instance, fmt::format("no instance '{}' of '{}'", id, service),
                "register it again");
  }
  const int beat = heartbeat_of(*at.instance->checks);
  if (beat < 0) {
    return fail(ProblemKind::no_lease, fmt::format("instance '{}' has neither a lease nor a heartbeat check", id),
                "register it with \"lease\": \"30s\"");
  }
  const CheckDef& def = (*at.instance->checks)[static_cast<std::size_t>(beat)];
  if (!check.empty() && def.name != check) {
    return fail(ProblemKind::no_lease, fmt::format("'{}' is no heartbeat check of '{}'", check, id),
                fmt::format("the heartbeat check is named '{}'", def.name));
  }
  const CheckState reported = state.value_or(CheckState::passing);
  if (reported == CheckState::unknown) {
    return fail(ProblemKind::invalid_registration, "a heartbeat reports passing, warning or critical");
  }
  Edit edit(now);
  const bool was_over = at.instance->forget_at.has_value();
  impl_->start_lease(*at.service, *at.instance, def.lease, now.mono);
  const bool changed =
      enter(at.instance->status[static_cast<std::size_t>(beat)], reported, fault_of(reported), output, now.wall);
  if (changed || was_over) {
    check_changed(*impl_, at, edit);
  } else {
    counters_moved(*impl_, at, edit);
  }
  return impl_->finish(std::move(edit));
}

ChangeSet Registry::renew_lease(std::string_view service, std::string_view id, const Now& now) {
  const Found at = find(*impl_, service, id);
  if (!at || at.instance->forget_at) return {};
  const int beat = heartbeat_of(*at.instance->checks);
  if (beat < 0) return {};
  Edit edit(now);
  impl_->start_lease(*at.service, *at.instance, (*at.instance->checks)[static_cast<std::size_t>(beat)].lease, now.mono);
  counters_moved(*impl_, at, edit);
  return impl_->finish(std::move(edit));
}

ChangeSet Registry::observe_host(std::string_view service, std::string_view id, const Addresses& addresses,
                                 std::optional<Mono> until, const Now& now) {
  const Found at = find(*impl_, service, id);
  if (!at || at.instance->def->host.empty()) return {};
  Edit edit(now);
  const bool moved = at.instance->resolved != addresses;
  at.instance->resolved = addresses;
  at.instance->resolved_until = until;
  if (moved) {
    impl_->touch(edit, *at.service, true);
    at.instance->state_revision = edit.set.revision;
    impl_->refresh(*at.service, *at.instance, edit);
    impl_->tell(edit, {ChangeKind::instance, ChangeOp::state, at.service->name.key(), at.instance->def->id,
                       at.instance->available, std::string(to_string(at.instance->reason))});
  } else {
    counters_moved(*impl_, at, edit);
  }
  return impl_->finish(std::move(edit));
}

}  // namespace registry
