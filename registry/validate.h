// The door into the registry: every definition passes here, whoever sends it (API, configuration file, dialect,
// store). All errors at once, each with a JSON pointer into the definition's canonical JSON (HTTP.md).
#pragma once

#include "registry/definition.h"
#include "registry/problem.h"

namespace registry {

// Each returns the problem, or nothing when the definition is valid. `native` = ids must be labels.
[[nodiscard]] std::optional<Problem> validate(const InstanceDef& def, const DomainName& service);
[[nodiscard]] std::optional<Problem> validate(const ServicePolicy& policy, const DomainName& service);
[[nodiscard]] std::optional<Problem> validate(const NamespaceDef& def);
[[nodiscard]] std::optional<Problem> validate(const OverrideDef& def);
[[nodiscard]] std::optional<Problem> validate_service_name(const DomainName& name, const DomainName& apex);

}  // namespace registry
