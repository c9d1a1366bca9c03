// What can be wrong with a command, as a value. The HTTP layer turns a Problem into an RFC 9457 document; the
// command line prints it. Faults of users and of the network are values; our own are asserts.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

namespace registry {

enum class ProblemKind : std::uint8_t {
  bad_request,           // 400: not JSON, a bad parameter
  forbidden,             // 403
  unknown_namespace,     // 404
  unknown_service,       // 404
  unknown_instance,      // 404
  unknown_override,      // 404
  name_conflict,         // 409: two facts want the same name
  name_static,           // 409: a record of a zone file owns the name
  managed_by_config,     // 409: declared in the configuration file
  no_lease,              // 409: heartbeat without a heartbeat check
  not_empty,             // 409: delete of something that still holds something
  precondition_failed,   // 412: If-Match, If-None-Match
  invalid_registration,  // 422: JSON, but not a valid registration
  batch_failed,          // 422
  failed_dependency,     // 424: not done, because another operation of an atomic batch failed
  overloaded,            // 503 with Retry-After: a bounded queue is full
  store_unavailable,     // 503: the store is gone or damaged while running
  disk_full,             // 507
};

struct FieldError {
  std::string pointer;  // JSON pointer as a URI fragment, "#/checks/0/http"
  std::string code;     // stable, snake_case: "unknown_field", "out_of_range"
  std::string message;  // a sentence for people
  std::string did_you_mean;
  bool operator==(const FieldError&) const = default;
};

struct Problem {
  ProblemKind kind = ProblemKind::invalid_registration;
  std::string detail;
  std::vector<FieldError> errors;
  std::string hint;
};

template <class T>
using Result = std::expected<T, Problem>;

[[nodiscard]] inline std::unexpected<Problem> fail(ProblemKind kind, std::string detail, std::string hint = {}) {
  return std::unexpected(Problem{kind, std::move(detail), {}, std::move(hint)});
}

}  // namespace registry
