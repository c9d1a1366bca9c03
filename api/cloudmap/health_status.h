// An instance's health in the words of Cloud Map.
#pragma once

#include <string_view>

#include "registry/registry.h"

namespace api::cloudmap {

// May be used: what DNS answers, and what has no address but would be.
[[nodiscard]] bool is_usable(const registry::Instance& instance);
// HEALTHY, UNHEALTHY; UNKNOWN of what nobody checks, or whose checks have not told yet.
[[nodiscard]] std::string_view health_of(const registry::Instance& instance);

}  // namespace api::cloudmap
