// Envoy's REST-JSON discovery: POST /v3/discovery:endpoints and /v3/discovery:clusters.
#pragma once

#include <span>

#include "api/route.h"

namespace api::envoy {

[[nodiscard]] std::span<const Route> routes();

}  // namespace api::envoy
