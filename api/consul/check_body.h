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
  registry::CheckDef def;  // its name is set when it is added
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

// The name in the registry of the check that has this id; "" = none has. `foreign` with the ids written out.
[[nodiscard]] std::string name_of_check(const Foreign& foreign, std::string_view id);
// Adds it under a name that no other one has. One that has its id is replaced and keeps its name, thus its state.
void add_check(CheckBody body, registry::InstanceDef& def, Foreign& foreign);

}  // namespace api::consul
