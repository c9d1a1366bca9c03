// The product's version, told by --version, status and metrics. CMakeLists.txt says the same (a test compares them).
#pragma once

#include <string_view>

namespace registry {

inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace registry
