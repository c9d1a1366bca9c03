#include <fmt/format.h>

#include "registry/rules.h"
#include "registry/text.h"
#include "registry/validate.h"

namespace registry {
namespace {

Layout layout_of(const Staging& staging, const Staging::Apex& apex) {
  const auto found = staging.find_namespace(apex.apex);
  const auto name = DomainName::parse(apex.matched);
  return found && name ? layout_at(*found->def, *name) : Layout::native;
}

// A new apex or alias must not lie at or below a service, nor at or above a static record of the namespace around it.
std::optional<Problem> check_new_apex(const Staging& staging, const std::string& name) {
  for (std::string_view rest = name;;) {
    if (const auto service = staging.find_service(rest)) {
      return Problem{ProblemKind::name_conflict,
                     fmt::format("'{}' lies among the names of service '{}'", name, service->name->text()),
                     {},
                     "delete the service first, or choose another name"};
    }
    const std::size_t dot = rest.find('.');
    if (dot == rest.npos) break;
    rest.remove_prefix(dot + 1);
  }
  const auto around = staging.apex_for(name);
  if (!around) return std::nullopt;
  if (layout_of(staging, *around) == Layout::consul) {
    return Problem{ProblemKind::name_conflict,
                   fmt::format("'{}' lies below '{}', where names are Consul's", name, around->matched),
                   {},
                   {}};
  }
  const auto file = staging.core().statics.find(around->apex);
  if (file == staging.core().statics.end() || !file->second.tree.any_at_or_below(name)) return std::nullopt;
  return Problem{ProblemKind::name_static,
                 fmt::format("the zone file of '{}' has records at or below '{}'", around->apex, name),
                 {},
                 "remove them from the zone file and reload"};
}

std::optional<Problem> check_apexes(const Staging& staging, const NamespaceDef& def) {
  for (const DomainName& apex : apexes_of(def)) {
    const std::string& name = apex.key();
    if (layout_at(def, apex) == Layout::consul && staging.any_apex_strictly_below(apex)) {
      return Problem{ProblemKind::name_conflict,
                     fmt::format("a namespace lies below '{}', where names would be Consul's", name),
                     {},
                     {}};
    }
    const auto owner = staging.apex_named(name);
    if (!owner) {
      if (auto problem = check_new_apex(staging, name)) return problem;
    } else if (*owner != def.name.key() || (name == def.name.key() && !staging.find_namespace(name))) {
      return Problem{ProblemKind::name_conflict, fmt::format("'{}' belongs to namespace '{}'", name, *owner), {}, {}};
    }
  }
  return std::nullopt;
}

}  // namespace

Result<Outcome> run(Staging& staging, const PutNamespace& command) {
  const NamespaceDef& def = command.def;
  if (auto problem = validate(def)) return std::unexpected(std::move(*problem));
  const auto present = staging.find_namespace(def.name.key());
  if (auto problem = check_precondition(command.when, present.has_value(), present ? present->revision : 0)) {
    return std::unexpected(std::move(*problem));
  }
  if (present && *present->def == def && !present->on_demand) return Outcome::unchanged;
  if (present && present->managed_by_config) return std::unexpected(config_manages("namespace", def.name.text()));
  if (auto problem = check_apexes(staging, def)) return std::unexpected(std::move(*problem));
  if (def.layout == Layout::kubernetes && staging.services_in(def.name.key()) > 0) {
    return fail(ProblemKind::not_empty, fmt::format("namespace '{}' holds services of its own", def.name.text()),
                "in this layout they belong below svc." + def.name.text());
  }
  staging.put(PutNamespaceEffect{def, present ? present->created : 0});
  return present ? Outcome::replaced : Outcome::created;
}

// web.prod.svc.cluster.local where cluster.local has Kubernetes' layout: its namespace is prod.svc.cluster.local, with
// the settings of the one around.
std::optional<Problem> make_namespace_for(Staging& staging, const DomainName& service) {
  const auto around = staging.apex_for(service.key());
  if (!around || layout_of(staging, *around) != Layout::kubernetes) return std::nullopt;
  const auto name =
      DomainName::parse(service.text().substr(std::min(service.text().size(), service.text().find('.') + 1)));
  if (!name || name->parent_key() != "svc." + around->matched) {
    Problem problem = one_fault("#/service", "layout",
                                fmt::format("must be <service>.<namespace>.svc.{}, as in Kubernetes", around->matched));
    return problem;
  }
  if (staging.namespaces_on_demand() >= kMaxOnDemand) return limit_reached("namespaces made on demand", kMaxOnDemand);
  NamespaceDef def = *staging.find_namespace(around->apex)->def;
  def.name = *name;
  def.layout = Layout::native;
  def.foreign = "";  // what an interface keeps of the one around: its description, its tags
  if (auto problem = validate(def)) return problem;
  if (auto problem = check_apexes(staging, def)) return problem;
  staging.put(PutNamespaceEffect{.def = std::move(def), .on_demand = true});
  return std::nullopt;
}

Result<Outcome> run(Staging& staging, const DeleteNamespace& command) {
  const std::string apex = fold(command.name);
  const auto present = staging.find_namespace(apex);
  if (auto problem = check_precondition(command.when, present.has_value(), present ? present->revision : 0)) {
    return std::unexpected(std::move(*problem));
  }
  if (!present) return Outcome::absent;
  if (present->managed_by_config) return std::unexpected(config_manages("namespace", apex));
  if (const std::size_t left = staging.services_in(apex); left > 0) {
    return fail(ProblemKind::not_empty, fmt::format("namespace '{}' still holds {} services", apex, left),
                "delete its services first");
  }
  staging.erase_namespace(apex);
  return Outcome::removed;
}

Result<Outcome> run(Staging& staging, const PutOverride& command) {
  OverrideDef def = command.def;
  def.service = fold(def.service);
  def.node = fold(def.node);
  if (auto problem = validate(def)) return std::unexpected(std::move(*problem));
  if (def.expires && *def.expires <= staging.now().wall) {
    return std::unexpected(one_fault("#/expires", "in_the_past", "lies in the past"));
  }
  const auto present = staging.find_override(def.name);
  if (present && !present->expired && *present->def == def) return Outcome::unchanged;
  if (!present && staging.overrides() >= staging.core().limits.overrides) {
    return std::unexpected(limit_reached("overrides", staging.core().limits.overrides));
  }
  staging.put(PutOverrideEffect{std::move(def)});
  return present ? Outcome::replaced : Outcome::created;
}

Result<Outcome> run(Staging& staging, const DeleteOverride& command) {
  if (!staging.find_override(command.name)) return Outcome::absent;
  staging.erase_override(command.name);
  return Outcome::removed;
}

}  // namespace registry
