#include <fmt/format.h>

#include <algorithm>

#include "registry/rules.h"
#include "registry/validate.h"

namespace registry {
namespace {

void sort_tags(InstanceDef& def) {
  std::sort(def.tags.begin(), def.tags.end());
  def.tags.erase(std::unique(def.tags.begin(), def.tags.end()), def.tags.end());
}

// RFC 2782: an SRV target must own addresses, so it can be no alias; nor the very name that the SRV stands for.
std::optional<Problem> check_host(const Staging& staging, const DomainName& service, const InstanceDef& def) {
  if (def.host.empty()) return std::nullopt;
  const std::string host = staging.canonical(DomainName::parse(def.host)->key());
  if (host == service.key()) return one_fault("#/host", "loop", "is the service's own name");
  const auto target = staging.find_service(host);
  if (!target || target->policy->alias.empty()) return std::nullopt;
  return one_fault("#/host", "alias", "is an alias service, and an SRV target must own addresses (RFC 2782)");
}

std::optional<Problem> check_place(const Staging& staging, const DomainName& service,
                                   const std::optional<ServiceView>& owner, const InstanceDef& def, bool fresh) {
  const std::string& key = service.key();
  const Registry::Limits& limits = staging.core().limits;
  if (owner && !owner->policy->alias.empty()) {
    return Problem{
        ProblemKind::name_conflict, fmt::format("'{}' is an alias and holds no instances", service.text()), {}, {}};
  }
  const auto holder = staging.id_of_label(key, fold(def.label));
  if (holder && *holder != def.id) {
    return Problem{ProblemKind::name_conflict,
                   fmt::format("instance '{}' has the label '{}' already", *holder, def.label),
                   {},
                   {}};
  }
  if (fresh && staging.instances() >= limits.instances) return limit_reached("instances", limits.instances);
  if (fresh && staging.instances_in(key) >= limits.instances_per_service) {
    return limit_reached("instances in one service", limits.instances_per_service);
  }
  if (owner && owner->policy->publish == Publish::cname) {
    if (def.host.empty()) return one_fault("#/host", "required", "must be given: the service publishes a CNAME");
    if (fresh && staging.instances_in(key) > 0) {
      return Problem{
          ProblemKind::name_conflict, "the service publishes a CNAME, and that can name one instance only", {}, {}};
    }
  }
  return check_host(staging, service, def);
}

// `def` is moved from when it is staged, which is the last thing done.
Result<Outcome> put(Staging& staging, const DomainName& service, InstanceDef&& def, const Precondition& when) {
  sort_tags(def);
  const auto canonical = [&](std::string_view key) { return staging.canonical(key); };
  if (auto checks = with_canonical_names(def.checks, canonical)) def.checks = std::move(*checks);
  const auto owner = staging.find_service(service.key());
  const auto present = staging.find_instance(service.key(), def.id);
  if (auto problem = check_precondition(when, present.has_value(), present ? present->revision : 0)) {
    return std::unexpected(std::move(*problem));
  }
  if (!owner) {
    if (auto problem = make_namespace_for(staging, service)) return std::unexpected(std::move(*problem));
    if (auto problem = check_new_service(staging, service)) return std::unexpected(std::move(*problem));
  }
  if (auto problem = validate(def, service)) return std::unexpected(std::move(*problem));
  // Equal, and its lease runs: the caller renews the lease, nothing else changes. An ended lease is another matter, and
  // so is a check that was critical for too long: bringing it back must not race with the deletion that
  // deregister_after asks for, so it goes through the commit.
  const Instance* const base = present ? present->base : nullptr;
  const bool over = base != nullptr && (base->forget_at || staging.core().is_reaped(*base, staging.now().mono));
  if (present && *present->def == def && !over) return Outcome::unchanged;
  if (present && present->managed_by_config) return std::unexpected(config_manages("instance", def.id));
  if (owner) {
    if (auto problem = check_not_static(staging, service)) return std::unexpected(std::move(*problem));
  }
  if (auto problem = check_allowed(staging, service, def.checks)) return std::unexpected(std::move(*problem));
  if (auto problem = check_place(staging, service, owner, def, !present)) return std::unexpected(std::move(*problem));
  if (!owner) staging.put(PutServiceEffect{service, {}, false, 0});
  staging.put(PutInstanceEffect{service.key(), std::move(def), present ? present->created : 0});
  return present ? Outcome::replaced : Outcome::created;
}

Result<InstanceView> find(const Staging& staging, const std::string& service, const std::string& id) {
  if (!staging.find_service(service))
    return fail(ProblemKind::unknown_service, fmt::format("no service '{}'", service));
  auto found = staging.find_instance(service, id);
  if (!found) return fail(ProblemKind::unknown_instance, fmt::format("no instance '{}' of '{}'", id, service));
  return std::move(*found);
}

}  // namespace

Result<Outcome> run(Staging& staging, const PutInstance& command) {
  return put(staging, command.service, InstanceDef(command.def), command.when);
}
Result<Outcome> run(Staging& staging, PutInstance&& command) {
  return put(staging, command.service, std::move(command.def), command.when);
}

Result<Outcome> run(Staging& staging, const PatchInstance& command) {
  const auto present = find(staging, command.service.key(), command.id);
  if (!present) return std::unexpected(present.error());
  if (auto problem = check_precondition(command.when, true, present->revision))
    return std::unexpected(std::move(*problem));
  auto merged = command.merge(*present->def);
  if (!merged) return std::unexpected(std::move(merged.error()));
  if (merged->id != command.id) return std::unexpected(one_fault("#/id", "read_only", "cannot be changed"));
  return put(staging, command.service, std::move(*merged), {});
}

Result<Outcome> run(Staging& staging, const DeleteInstance& command) {
  const Ref ref{command.service.key(), command.id};
  const auto present = staging.find_instance(ref.service, ref.id);
  if (auto problem = check_precondition(command.when, present.has_value(), present ? present->revision : 0)) {
    return std::unexpected(std::move(*problem));
  }
  if (!present) return Outcome::absent;
  if (command.only_due) {
    const Instance* const base = present->base;
    const Mono now = staging.now().mono;
    const bool due =
        base != nullptr && ((base->forget_at && *base->forget_at <= now) || staging.core().is_reaped(*base, now));
    if (!due) return Outcome::unchanged;
  }
  if (present->managed_by_config) return std::unexpected(config_manages("instance", command.id));
  staging.erase_instance(ref);
  return Outcome::removed;
}

Result<Outcome> run(Staging& staging, const DrainInstance& command) {
  const auto present = find(staging, command.service.key(), command.id);
  if (!present) return std::unexpected(present.error());
  if (staging.drain_of({command.service.key(), command.id})) return Outcome::unchanged;  // the first clock runs on
  staging.set_drain({command.service.key(), command.id, staging.now().wall, std::nullopt});
  return Outcome::replaced;
}

Result<Outcome> run(Staging& staging, const UndrainInstance& command) {
  const auto present = find(staging, command.service.key(), command.id);
  if (!present) return std::unexpected(present.error());
  if (!staging.drain_of({command.service.key(), command.id})) return Outcome::unchanged;
  staging.set_drain({command.service.key(), command.id, std::nullopt, std::nullopt});
  return Outcome::replaced;
}

Result<Outcome> run(Staging& staging, const SetSafeAfter& command) {
  auto drain = staging.drain_of({command.service, command.id});
  if (!drain) return Outcome::absent;  // undrained or removed meanwhile
  if (command.started && drain->started != command.started) return Outcome::absent;
  if (drain->safe_after == command.safe_after) return Outcome::unchanged;
  drain->safe_after = command.safe_after;
  staging.set_drain(std::move(*drain));
  return Outcome::replaced;
}

}  // namespace registry
