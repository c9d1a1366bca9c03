#include "api/cloudmap/routes.h"

#include <fmt/format.h>

#include "api/cloudmap/dispatch.h"
#include "api/cloudmap/error.h"

namespace api::cloudmap {
namespace {

// Refusals of the gateway. What only HTTP knows has the names that AWS's services share.
std::string_view type_of(const ProblemType& type) {
  if (type.status == 413) return "RequestEntityTooLarge";
  if (type.status == 503) return "ServiceUnavailable";
  if (type.status >= 500) return "InternalFailure";
  if (type.status == 401 || type.status == 403) return "AccessDeniedException";
  return "ValidationException";
}

Response error(const ProblemType& type, const registry::Problem& problem) {
  auto response = answer(Error{std::string(type_of(type)), problem.detail, type.status, {}});
  if (type.status == 503) response.set("Retry-After", "1");
  return response;
}

// The SDKs of AWS ask DiscoverInstances of data-HOST. Of other names that twin is another's to own: data-example.com.
std::string_view host(const Options&) { return "data-localhost"; }

constinit const Dialect kDialect{"cloudmap", error, nullptr, nullptr, nullptr, host};

std::vector<Route> make_table() {
  Route route{Method::post, "/", &post_root, {}, "AWS Cloud Map"};
  route.access = Access::own;
  route.dialect = &kDialect;
  return {route};
}

}  // namespace

std::span<const Route> routes() {
  static const std::vector<Route> table = make_table();
  return table;
}

}  // namespace api::cloudmap
