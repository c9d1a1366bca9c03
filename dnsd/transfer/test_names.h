// For tests: names as the zone code has them.
#pragma once

#include <string>
#include <string_view>

#include "dnsd/answers/presentation.h"

namespace dnsd::transfer {

inline std::string wire_of(std::string_view text) { return answers::fold_wire(answers::name_to_wire(text).value()); }

}  // namespace dnsd::transfer
