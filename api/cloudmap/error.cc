#include "api/cloudmap/error.h"

#include <algorithm>
#include <boost/json/serialize.hpp>

namespace api::cloudmap {
namespace {

using registry::ProblemKind;

bool is_limit(const registry::Problem& problem) {
  return std::ranges::any_of(problem.errors, [](const auto& error) { return error.code == "limit_reached"; });
}

// The detail, and what is wrong with each member.
std::string sentence_of(const registry::Problem& problem) {
  std::string text = problem.detail;
  for (const auto& error : problem.errors) {
    if (text.find(error.message) != std::string::npos) continue;
    if (!text.empty()) text += "; ";
    text += error.pointer + ": " + error.message;
  }
  return text;
}

}  // namespace

std::unexpected<Error> refuse(std::string_view type, std::string message, json::object more) {
  return std::unexpected(Error{std::string(type), std::move(message), 400, std::move(more)});
}

std::unexpected<Error> invalid(std::string message) { return refuse("InvalidInput", std::move(message)); }

Error to_error(const registry::Problem& problem) {
  Error error{"InvalidInput", sentence_of(problem), 400, {}};
  switch (problem.kind) {
    case ProblemKind::unknown_namespace:
      error.type = "NamespaceNotFound";
      break;
    case ProblemKind::unknown_service:
      error.type = "ServiceNotFound";
      break;
    case ProblemKind::unknown_instance:
      error.type = "InstanceNotFound";
      break;
    case ProblemKind::no_lease:
      error.type = "CustomHealthNotFound";
      break;
    case ProblemKind::not_empty:
      error.type = "ResourceInUse";
      break;
    case ProblemKind::forbidden:
    case ProblemKind::managed_by_config:
      error.type = "AccessDeniedException";
      break;
    case ProblemKind::overloaded:  // the SDKs try again after these
      error.type = "RequestLimitExceeded";
      break;
    case ProblemKind::precondition_failed:  // changed between our look and the commit
      error.type = "InternalFailure";
      error.status = 500;
      break;
    case ProblemKind::store_unavailable:
    case ProblemKind::disk_full:
      error.type = "ServiceUnavailable";
      error.status = 503;
      break;
    default:
      if (is_limit(problem)) error.type = "ResourceLimitExceeded";
  }
  return error;
}

Response answer(const json::object& body) {
  Response response;
  response.content_type = kContentType;
  response.body = json::serialize(body);
  return response;
}

Response answer(const Error& error) {
  json::object body{{"__type", error.type}, {"Message", error.message}};
  for (const auto& member : error.more) body[member.key()] = member.value();
  auto response = answer(body);
  response.status = error.status;
  response.set("x-amzn-ErrorType", error.type);
  return response;
}

}  // namespace api::cloudmap
