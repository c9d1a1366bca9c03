// What a zone file may say but its author hardly meant: warnings, never errors.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dnsd/answers/static_zone.h"

namespace dnsd::answers {

// One sentence each, at most `most` of them. `now`: seconds since 1970, for signatures that have ended.
[[nodiscard]] std::vector<std::string> lint_zone(const StaticZone& zone, bool namespace_file, std::uint64_t now,
                                                 std::size_t most = 50);

}  // namespace dnsd::answers
