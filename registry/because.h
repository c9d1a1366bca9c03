// Why an instance is in or out, in words: for the history, for explain, for the log. Pure; says what judge() decided,
// and never decides itself.
#pragma once

#include <string>

#include "registry/registry.h"

namespace registry {

inline constexpr std::string_view kSilence = "no heartbeat";  // how the output of a lease that is over begins

// What made it so: "check http: connection refused", "override rack-move by ann: down, rack 7 moves".
[[nodiscard]] std::string cause_of(const Service& service, const Instance& instance, const Override* ruling);
// One check's part in it: "check http: timed out, held by the guard".
[[nodiscard]] std::string cause_of(const CheckDef& check, const CheckStatus& status, bool held);
// The same with how long it has been so: "passing for 2h13m".
[[nodiscard]] std::string because(const Service& service, const Instance& instance, const Override* ruling, Wall now);

}  // namespace registry
