// The five words of Eureka for how an instance is, and what they are made of here.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "registry/registry.h"

namespace api::eureka {

struct Notes;

enum class Status : std::uint8_t { down, out_of_service, starting, unknown, up };  // sorted by name: the hash code
inline constexpr std::array<Status, 5> kStatuses = {Status::down, Status::out_of_service, Status::starting,
                                                    Status::unknown, Status::up};

[[nodiscard]] std::string_view to_string(Status status);  // "OUT_OF_SERVICE"
[[nodiscard]] std::optional<Status> parse_status(std::string_view text);

// DOWN and STARTING of the client win, then the override.
[[nodiscard]] Status effective(Status client, std::optional<Status> override_status);

// An override other than UP is a drain here: it survives registrations, goes with the instance, and whoever ends the
// drain ends the override.
[[nodiscard]] std::optional<Status> override_of(const registry::Instance& instance, const Notes& notes);
// What is shown: UP exactly where the rules of the registry let DNS answer it (the address apart).
[[nodiscard]] Status status_of(const registry::Instance& instance, const Notes& notes);

// An ended lease is gone for Eureka's clients (evicted), though a heartbeat may still bring it back. What has no
// address has no place among them.
[[nodiscard]] bool is_shown(const registry::Instance& instance);

}  // namespace api::eureka
