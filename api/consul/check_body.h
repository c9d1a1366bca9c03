// A check as Consul's clients write it, onto a check of the registry. A probe goes to the instance's own address, as
// all probes here do: of a URL the port, the path and the host name count.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "api/consul/fields.h"
#include "api/consul/foreign.h"
#include "registry/definition.h"

namespace api::consul {

struct CheckBody {
  registry::CheckDef def;  // its name is not set yet
  CheckNote note;
  std::optional<registry::CheckState> status;  // that was given
  std::string output;
};

// Where the probes will go, and which service stands behind an id on our node ("" = none), for an alias.
struct CheckContext {
  const registry::InstanceDef& instance;
  std::function<std::string(std::string_view id)> service_of;
};

// A check that the server makes itself. Mistakes go to the fields' fault.
[[nodiscard]] CheckBody read_check(const Fields& fields, const CheckContext& context);
// One of /v1/catalog/register: with a Definition that can be probed it is such a check, else its state is told.
[[nodiscard]] CheckBody read_catalog_check(const Fields& fields, const CheckContext& context);

// Adds it under a name that no other one has; one that has its id (in the registry's words) is replaced.
void add_check(CheckBody body, registry::InstanceDef& def, Foreign& foreign, std::optional<std::string> replaces);

}  // namespace api::consul
