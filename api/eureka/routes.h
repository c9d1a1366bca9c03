// Netflix Eureka's REST interface (/eureka/...), for clients that exist: docs/clients.md says what is there.
#pragma once

#include <span>

#include "api/route.h"

namespace api::eureka {

[[nodiscard]] std::span<const Route> routes();

}  // namespace api::eureka
