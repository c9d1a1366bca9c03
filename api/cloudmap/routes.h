// AWS Cloud Map's interface: all of it is one route, POST /, and the header X-Amz-Target says what is asked.
#pragma once

#include <span>

#include "api/route.h"

namespace api::cloudmap {

[[nodiscard]] std::span<const Route> routes();

}  // namespace api::cloudmap
