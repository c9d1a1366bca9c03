#include <fmt/format.h>

#include "registry/rules.h"
#include "registry/validate.h"

namespace registry {
namespace {

constexpr int kMaxChain = 8;  // CNAMEs that an answer follows (DESIGN section 3)

// Follows the aliases from `policy` on: back to the service is a loop, and DNS would cut a chain of more than eight.
std::optional<Problem> check_chain(const Staging& staging, const DomainName& name, const ServicePolicy& policy) {
  std::string target = staging.canonical(DomainName::parse(policy.alias)->key());
  for (int links = 1;; ++links) {
    if (target == name.key()) return one_fault("#/alias", "loop", "leads back to the service itself");
    const auto next = staging.find_service(target);
    if (!next || next->policy->alias.empty()) return std::nullopt;
    if (links == kMaxChain) {
      return one_fault("#/alias", "too_long", fmt::format("makes a chain of more than {} aliases", kMaxChain));
    }
    target = staging.canonical(DomainName::parse(next->policy->alias)->key());
  }
}

std::optional<Problem> check_alias(const Staging& staging, const DomainName& name, const ServicePolicy& policy) {
  if (staging.instances_in(name.key()) > 0) {
    return Problem{ProblemKind::not_empty,
                   fmt::format("service '{}' has instances, so it cannot be an alias", name.text()),
                   {},
                   "delete its instances first"};
  }
  if (staging.names_host(name.key())) {
    return Problem{
        ProblemKind::name_conflict,
        fmt::format("an instance has '{}' as its host, and an SRV target must own addresses (RFC 2782)", name.text()),
        {},
        {}};
  }
  return check_chain(staging, name, policy);
}

std::optional<Problem> check_cname(const Staging& staging, const DomainName& name) {
  const std::vector<std::string> ids = staging.ids_in(name.key());
  const bool fits = ids.empty() || (ids.size() == 1 && !staging.find_instance(name.key(), ids[0])->def->host.empty());
  if (fits) return std::nullopt;
  return Problem{ProblemKind::name_conflict, "publish \"cname\" wants exactly one instance, with a host name", {}, {}};
}

}  // namespace

std::optional<Problem> check_not_static(const Staging& staging, const DomainName& name) {
  if (!staging.core().static_covers(name.parent_key(), name.key())) return std::nullopt;
  return Problem{
      ProblemKind::name_static,
      fmt::format("the zone file of '{}' has records among the names of '{}'", name.parent_key(), name.text()),
      {},
      "remove them from the zone file and reload, or choose another name"};
}

std::optional<Problem> check_new_service(const Staging& staging, const DomainName& name) {
  const auto found = staging.apex_for(name.key());
  if (!found) {
    const std::string parent(name.parent_key().empty() ? std::string_view(name.key()) : name.parent_key());
    return Problem{ProblemKind::unknown_namespace,
                   fmt::format("no namespace holds '{}'", name.text()),
                   {},
                   fmt::format("create it first: PUT /api/v1/namespaces/{}", parent)};
  }
  if (found->matched == name.key()) {
    return Problem{ProblemKind::name_conflict, fmt::format("'{}' is a namespace, not a service", name.text()), {}, {}};
  }
  const DomainName matched = *DomainName::parse(found->matched);
  if (auto problem = validate_service_name(name, matched)) return problem;
  if (found->matched != found->apex) {
    Problem problem = one_fault("#/service", "alias",
                                fmt::format("lies in '{}', an alias of namespace '{}'", found->matched, found->apex));
    problem.hint = fmt::format("register it as '{}'", staging.canonical(name.key()));
    return problem;
  }
  if (staging.any_apex_at_or_below(name.key())) {
    return Problem{ProblemKind::name_conflict, fmt::format("a namespace lies below '{}'", name.text()), {}, {}};
  }
  if (staging.services() >= staging.core().limits.services) {
    return limit_reached("services", staging.core().limits.services);
  }
  return check_not_static(staging, name);
}

Result<Outcome> run(Staging& staging, const PutService& command) {
  const DomainName& name = command.name;
  std::optional<ServicePolicy> renamed;
  const auto canonical = [&](std::string_view key) { return staging.canonical(key); };
  if (auto checks = with_canonical_names(command.policy.checks, canonical)) {
    renamed = command.policy;
    renamed->checks = std::move(*checks);
  }
  const ServicePolicy& policy = renamed ? *renamed : command.policy;
  const auto present = staging.find_service(name.key());
  if (auto problem = check_precondition(command.when, present.has_value(), present ? present->revision : 0)) {
    return std::unexpected(std::move(*problem));
  }
  if (auto problem = validate(policy, name)) return std::unexpected(std::move(*problem));
  if (present && present->declared && *present->policy == policy && present->name->text() == name.text()) {
    return Outcome::unchanged;
  }
  if (present && present->managed_by_config) return std::unexpected(config_manages("service", name.text()));
  if (!present) {
    if (auto problem = make_namespace_for(staging, name)) return std::unexpected(std::move(*problem));
  }
  if (auto problem = present ? check_not_static(staging, name) : check_new_service(staging, name)) {
    return std::unexpected(std::move(*problem));
  }
  std::optional<Problem> problem = check_allowed(staging, name, policy.checks);
  if (problem) return std::unexpected(std::move(*problem));
  if (!policy.alias.empty()) problem = check_alias(staging, name, policy);
  if (policy.publish == Publish::cname) problem = check_cname(staging, name);
  if (problem) return std::unexpected(std::move(*problem));
  staging.put(PutServiceEffect{name, policy, true, present ? present->created : 0});
  return present ? Outcome::replaced : Outcome::created;
}

Result<Outcome> run(Staging& staging, const DeleteService& command) {
  const std::string& key = command.name.key();
  const auto present = staging.find_service(key);
  if (auto problem = check_precondition(command.when, present.has_value(), present ? present->revision : 0)) {
    return std::unexpected(std::move(*problem));
  }
  if (!present) return Outcome::absent;
  const std::size_t left = staging.instances_in(key);
  if (command.only_due && (present->declared || left > 0)) return Outcome::unchanged;
  if (present->managed_by_config) return std::unexpected(config_manages("service", command.name.text()));
  if (left > 0 && !command.force) {
    return fail(ProblemKind::not_empty, fmt::format("service '{}' still has {} instances", command.name.text(), left),
                "delete them first, or use ?force=true");
  }
  // Each by itself: the store keeps one row per instance.
  for (const std::string& id : staging.ids_in(key)) staging.erase_instance({key, id});
  const std::string apex(command.name.parent_key());
  staging.erase_service(key);
  const auto around = staging.find_namespace(apex);
  if (around && around->on_demand && staging.services_in(apex) == 0) staging.erase_namespace(apex);
  return Outcome::removed;
}

}  // namespace registry
