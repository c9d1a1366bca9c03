// Errors as RFC 9457 documents: {"type":"urn:dnsd:problem:KIND","title","status","detail","errors","hint"}.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/http_message.h"
#include "registry/problem.h"

namespace api {

// What a problem kind is on the wire: KIND of the URN, the title and the status code.
struct ProblemType {
  std::string_view name;
  std::string_view title;
  int status = 500;
};
[[nodiscard]] const ProblemType& problem_type(registry::ProblemKind kind);

// Problems that only HTTP has.
namespace http_problem {
inline constexpr ProblemType bad_request{"bad-request", "The request is not valid", 400};
inline constexpr ProblemType host_not_allowed{"host-not-allowed", "This Host is not served here", 400};
inline constexpr ProblemType unauthorized{"unauthorized", "A token is needed", 401};
inline constexpr ProblemType forbidden{"forbidden", "Not allowed", 403};
inline constexpr ProblemType not_found{"not-found", "No such path", 404};
inline constexpr ProblemType unknown_node{"unknown-node", "No instance runs on this node", 404};
inline constexpr ProblemType method_not_allowed{"method-not-allowed", "The method does not fit the path", 405};
inline constexpr ProblemType timeout{"request-timeout", "The request took too long", 408};
inline constexpr ProblemType drain_cancelled{"drain-cancelled", "The drain was cancelled", 409};
inline constexpr ProblemType too_large{"body-too-large", "The body is too large", 413};
inline constexpr ProblemType expectation_failed{"expectation-failed", "The expectation is not known", 417};
inline constexpr ProblemType reload_refused{"reload-refused", "The reload was refused", 422};
inline constexpr ProblemType header_too_large{"header-too-large", "The header is too large", 431};
inline constexpr ProblemType internal{"internal", "A fault of the server", 500};
inline constexpr ProblemType busy{"overloaded", "The server is at its limit", 503};
inline constexpr ProblemType starting{"starting", "The server is not ready yet", 503};
}  // namespace http_problem

// Why a request is not let in, before it has the shape of an interface.
struct Refusal {
  ProblemType type;
  registry::Problem problem;
};
[[nodiscard]] Refusal refusal(const ProblemType& type, std::string detail, std::string hint = {});

// In one line, for interfaces whose errors are text: what is wrong, each member that is, and the hint.
[[nodiscard]] std::string problem_text(const registry::Problem& problem);

[[nodiscard]] boost::json::object problem_json(const ProblemType& type, const registry::Problem& problem);
[[nodiscard]] Response problem_response(const registry::Problem& problem);
[[nodiscard]] Response problem_response(const ProblemType& type, const registry::Problem& problem);
[[nodiscard]] Response problem_response(const ProblemType& type, std::string detail, std::string hint = {},
                                        std::vector<registry::FieldError> errors = {});

[[nodiscard]] Response json_response(int status, const boost::json::value& body);

}  // namespace api
