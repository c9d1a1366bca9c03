// Which addresses may be registered: the same for every interface.
#pragma once

#include <optional>

#include "api/app.h"

namespace api {

// [registration] allow_addresses. A host name may resolve to anything, so it is refused where addresses are limited.
[[nodiscard]] std::optional<registry::Problem> check_allowed(const App& app, const registry::InstanceDef& def);

}  // namespace api
