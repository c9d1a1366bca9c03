#include "api/problem.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

namespace api {
namespace json = boost::json;
using registry::ProblemKind;

const ProblemType& problem_type(ProblemKind kind) {
  static constexpr ProblemType kForbidden{"forbidden", "Not allowed", 403};
  static constexpr ProblemType kNamespace{"unknown-namespace", "No such namespace", 404};
  static constexpr ProblemType kService{"unknown-service", "No such service", 404};
  static constexpr ProblemType kInstance{"unknown-instance", "No such instance", 404};
  static constexpr ProblemType kOverride{"unknown-override", "No such override", 404};
  static constexpr ProblemType kName{"name-conflict", "The name is taken", 409};
  static constexpr ProblemType kStatic{"name-static", "A record of a zone file owns the name", 409};
  static constexpr ProblemType kManaged{"managed-by-config", "Declared in the configuration file", 409};
  static constexpr ProblemType kLease{"no-lease", "The instance has no heartbeat check", 409};
  static constexpr ProblemType kNotEmpty{"not-empty", "It still holds something", 409};
  static constexpr ProblemType kPrecondition{"precondition-failed", "It was changed meanwhile", 412};
  static constexpr ProblemType kInvalid{"invalid-registration", "The registration is not valid", 422};
  static constexpr ProblemType kBatch{"batch-failed", "The batch was not done", 422};
  static constexpr ProblemType kDependency{"failed-dependency", "Not done, because another operation failed", 424};
  static constexpr ProblemType kStore{"store-unavailable", "The store is not available", 503};
  static constexpr ProblemType kDisk{"disk-full", "The disk is full", 507};
  switch (kind) {
    case ProblemKind::bad_request:
      return http_problem::bad_request;
    case ProblemKind::forbidden:
      return kForbidden;
    case ProblemKind::unknown_namespace:
      return kNamespace;
    case ProblemKind::unknown_service:
      return kService;
    case ProblemKind::unknown_instance:
      return kInstance;
    case ProblemKind::unknown_override:
      return kOverride;
    case ProblemKind::name_conflict:
      return kName;
    case ProblemKind::name_static:
      return kStatic;
    case ProblemKind::managed_by_config:
      return kManaged;
    case ProblemKind::no_lease:
      return kLease;
    case ProblemKind::not_empty:
      return kNotEmpty;
    case ProblemKind::precondition_failed:
      return kPrecondition;
    case ProblemKind::invalid_registration:
      return kInvalid;
    case ProblemKind::batch_failed:
      return kBatch;
    case ProblemKind::failed_dependency:
      return kDependency;
    case ProblemKind::overloaded:
      return http_problem::busy;
    case ProblemKind::store_unavailable:
      return kStore;
    case ProblemKind::disk_full:
      return kDisk;
  }
  return http_problem::internal;
}

std::string problem_text(const registry::Problem& problem) {
  std::string text = problem.detail;
  for (const auto& error : problem.errors) {
    text += text.empty() ? "" : "; ";
    text += error.pointer + ": " + error.message;
  }
  if (!problem.hint.empty()) text += (text.empty() ? "" : "; ") + problem.hint;
  return text;
}

json::object problem_json(const ProblemType& type, const registry::Problem& problem) {
  json::object body;
  body["type"] = "urn:dnsd:problem:" + std::string(type.name);
  body["title"] = type.title;
  body["status"] = type.status;
  if (!problem.detail.empty()) body["detail"] = problem.detail;
  if (!problem.errors.empty()) {
    json::array errors;
    for (const auto& error : problem.errors) {
      json::object item{{"pointer", error.pointer}, {"code", error.code}, {"message", error.message}};
      if (!error.did_you_mean.empty()) item["did_you_mean"] = error.did_you_mean;
      errors.push_back(std::move(item));
    }
    body["errors"] = std::move(errors);
  }
  if (!problem.hint.empty()) body["hint"] = problem.hint;
  return body;
}

Refusal refusal(const ProblemType& type, std::string detail, std::string hint) {
  return {type, {ProblemKind::bad_request, std::move(detail), {}, std::move(hint)}};
}

Response problem_response(const ProblemType& type, const registry::Problem& problem) {
  Response response = json_response(type.status, problem_json(type, problem));
  response.content_type = "application/problem+json";
  // Every limit of ours clears within a second: a commit, a publish, a closed connection.
  if (type.status == 503 || type.status == 429) response.set("Retry-After", "1");
  if (type.status == 401) response.set("WWW-Authenticate", "Bearer realm=\"dnsd\"");
  return response;
}

Response problem_response(const registry::Problem& problem) {
  return problem_response(problem_type(problem.kind), problem);
}

Response problem_response(const ProblemType& type, std::string detail, std::string hint,
                          std::vector<registry::FieldError> errors) {
  registry::Problem problem;
  problem.detail = std::move(detail);
  problem.errors = std::move(errors);
  problem.hint = std::move(hint);
  return problem_response(type, problem);
}

Response json_response(int status, const json::value& body) {
  Response response;
  response.status = status;
  response.body = json::serialize(body);
  response.body.push_back('\n');
  return response;
}

}  // namespace api
