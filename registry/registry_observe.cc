// Observations: probe results, heartbeats, resolved hosts, time.
#include <fmt/format.h>

#include <algorithm>

#include "registry/because.h"
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

Fault fault_of(CheckState reported) { return reported == CheckState::critical ? Fault::reported : Fault::none; }

// A verdict that would take the check down is judged with all the others before it takes effect.
void feed_probe(RegistryCore& core, Found at, std::size_t i, const ProbeResult& result, Edit& edit) {
  Service& service = *at.service;
  Instance& instance = *at.instance;
  const CheckDef& def = (*instance.checks)[i];
  CheckStatus& status = instance.status[i];
  CheckTrace& trace = instance.trace[i];
  core.set_pace(service, instance, i, result.pace);
  const bool ours = result.verdict == Verdict::failed && may_be_ours(result.fault);
  if (ours && is_up(status.state)) {
    core.count_as(service, instance, i, Standing::suspect);
    core.look_at_guards(edit);
  }
  const Fall before{&service, status.state, status.since, status.flaps};
  const bool was_held = is_held(status, def);
  const bool changed = observe(status, def, result, edit.now.wall, ours && core.probe_guard.holding());
  if (ours && is_up(before.state) && !is_up(status.state)) {
    core.note_fall(instance, i, before, edit.now.mono);
  } else if (!ours) {
    core.drop_fall(instance, i);
  }
  trace.flip_at = flip_time(status, def, service.policy, edit.now.mono);
  core.recount(service, instance, i);
  const bool held = is_held(status, def);
  if (changed || was_held != held) {
    core.check_changed(service, instance, edit, cause_of(def, status, held));
  } else {
    core.counters_moved(service, instance, edit);
  }
}

// A sign of life: the lease runs anew. Whether that changed more than the time.
bool sign_of_life(RegistryCore& core, Found at, std::size_t i, Edit& edit) {
  Instance& instance = *at.instance;
  const LeasePhase phase = instance.trace[i].lease;
  const bool news = phase == LeasePhase::ended || phase == LeasePhase::held;
  core.drop_fall(instance, i);
  core.start_lease(*at.service, instance, i, edit.now.mono);
  core.recount(*at.service, instance, i);
  return news;
}

// Of the heartbeat check that is named; without a name it is the first one.
std::optional<std::size_t> place_of(const std::vector<CheckDef>& checks, std::string_view name, std::size_t first) {
  if (name.empty()) return first;
  for (std::size_t i = first; i < checks.size(); ++i) {
    if (checks[i].kind == CheckKind::heartbeat && checks[i].name == name) return i;
  }
  return std::nullopt;
}

}  // namespace

ChangeSet Registry::observe_probe(std::string_view service, std::string_view id, std::string_view check,
                                  const ProbeResult& result, const Now& now) {
  const Found at = find(*impl_, service, id);
  if (!at || result.verdict == Verdict::unknown) return {};
  const std::vector<CheckDef>& checks = *at.instance->checks;
  const auto def = std::find_if(checks.begin(), checks.end(), [&](const CheckDef& c) { return c.name == check; });
  if (def == checks.end() || !is_probed(def->kind)) return {};
  const auto i = static_cast<std::size_t>(def - checks.begin());
  Edit edit(now);
  feed_probe(*impl_, at, i, result, edit);
  return impl_->finish(std::move(edit));
}

Result<ChangeSet> Registry::heartbeat(std::string_view service, std::string_view id, std::string_view check,
                                      std::optional<CheckState> state, std::string_view output, const Now& now) {
  const Found at = find(*impl_, service, id);
  if (at.service == nullptr) return fail(ProblemKind::unknown_service, fmt::format("no service '{}'", service));
  // Past deregister_after it is gone, whether or not the deletion has been committed yet.
  if (!at || (at.instance->forget_at && now.mono >= *at.instance->forget_at) ||
      impl_->is_reaped(*at.instance, now.mono)) {
    return fail(ProblemKind::unknown_instance, fmt::format("no instance '{}' of '{}'", id, service),
                "register it again");
  }
  const int first = heartbeat_of(*at.instance->checks);
  if (first < 0) {
    return fail(ProblemKind::no_lease, fmt::format("instance '{}' has neither a lease nor a heartbeat check", id),
                "register it with \"lease\": \"30s\"");
  }
  const auto i = place_of(*at.instance->checks, check, static_cast<std::size_t>(first));
  if (!i) {
    return fail(ProblemKind::no_lease, fmt::format("'{}' is no heartbeat check of '{}'", check, id),
                fmt::format("'{}' is one", (*at.instance->checks)[static_cast<std::size_t>(first)].name));
  }
  const CheckState reported = state.value_or(CheckState::passing);
  if (reported == CheckState::unknown) {
    return fail(ProblemKind::invalid_registration, "a heartbeat reports passing, warning or critical");
  }
  Edit edit(now);
  const bool came_back = sign_of_life(*impl_, at, *i, edit);
  CheckStatus& status = at.instance->status[*i];
  const bool changed = enter(status, reported, fault_of(reported), output, now.wall);
  if (changed || came_back) {
    const std::string_view word = reported == CheckState::passing ? "a heartbeat" : "a heartbeat that reports trouble";
    impl_->check_changed(*at.service, *at.instance, edit,
                         status.output.empty() ? std::string(word) : fmt::format("{}: {}", word, status.output));
  } else {
    impl_->counters_moved(*at.service, *at.instance, edit);
  }
  return impl_->finish(std::move(edit));
}

ChangeSet Registry::renew_lease(std::string_view service, std::string_view id, const Now& now) {
  const Found at = find(*impl_, service, id);
  if (!at || at.instance->forget_at) return {};
  if (heartbeat_of(*at.instance->checks) < 0) return {};
  Edit edit(now);
  bool news = false;
  for (std::size_t i = 0; i < at.instance->checks->size(); ++i) {
    if ((*at.instance->checks)[i].kind != CheckKind::heartbeat || !sign_of_life(*impl_, at, i, edit)) continue;
    at.instance->status[i].output.clear();
    news = true;
  }
  if (news) {
    impl_->check_changed(*at.service, *at.instance, edit, "it was registered again");
  } else {
    impl_->counters_moved(*at.service, *at.instance, edit);
  }
  return impl_->finish(std::move(edit));
}

ChangeSet Registry::observe_host(std::string_view service, std::string_view id, const Addresses& addresses,
                                 std::optional<Mono> until, const Now& now) {
  const Found at = find(*impl_, service, id);
  if (!at || at.instance->def->host.empty()) return {};
  Edit edit(now);
  const bool moved = at.instance->resolved != addresses;
  if (moved) impl_->count_out(*at.service, *at.instance);
  at.instance->resolved = addresses;
  at.instance->resolved_until = until;
  if (moved) {
    impl_->recount_all(*at.service, *at.instance);
    impl_->touch(edit, *at.service, true);
    at.instance->state_revision = edit.set.revision;
    impl_->refresh(*at.service, *at.instance, edit);
    impl_->tell(edit, {ChangeKind::instance, ChangeOp::state, at.service->name.key(), at.instance->def->id,
                       at.instance->available, std::string(to_string(at.instance->reason)),
                       fmt::format("its host {} has other addresses", at.instance->def->host.view())});
  } else {
    impl_->counters_moved(*at.service, *at.instance, edit);
  }
  return impl_->finish(std::move(edit));
}

}  // namespace registry
