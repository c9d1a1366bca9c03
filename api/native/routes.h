// The native API's table of routes: the source of the router, of openapi.json and of the tests.
#pragma once

#include <span>

#include "api/route.h"

namespace api::native {

[[nodiscard]] std::span<const Route> routes();
[[nodiscard]] const Router& router();  // over routes(); a batch finds its operations with it

}  // namespace api::native
