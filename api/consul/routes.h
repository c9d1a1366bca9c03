// Consul's HTTP API (/v1/...), for clients that exist: docs/clients.md says what is there and what is not.
#pragma once

#include <span>

#include "api/route.h"

namespace api::consul {

[[nodiscard]] std::span<const Route> routes();

}  // namespace api::consul
