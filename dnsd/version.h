// The version that --version, /api/v1/status and the log tell.
#pragma once

#include <string_view>

namespace dnsd {

inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace dnsd
