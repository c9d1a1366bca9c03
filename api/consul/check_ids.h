// The ids of checks. Consul makes them up where none is given: "service:<id>" of an only check, "service:<id>:<n>" of
// several. Only those that are others are kept (foreign.h), so a registration is written out before its checks change
// and shortened again afterwards: what a check is called must not depend on those beside it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/consul/foreign.h"
#include "registry/state.h"

namespace api::consul {

// The id that Consul makes up for the nth of so many checks of a service.
[[nodiscard]] std::string check_id(std::string_view id, std::size_t n, std::size_t count);
// Of the checks of `instance`, in their order. Those that the service's policy brings are "policy:<id>:<name>": nobody
// registered them, and nobody tells them.
[[nodiscard]] std::vector<std::string> check_ids(const registry::Instance& instance, const Foreign& foreign,
                                                 std::string_view id);

// Each own check's id stands in its note; and back, where those that would be made up are left out.
void write_out_ids(const registry::InstanceDef& def, Foreign& foreign, std::string_view id);
void shorten_ids(const registry::InstanceDef& def, Foreign& foreign, std::string_view id);

}  // namespace api::consul
