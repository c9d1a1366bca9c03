#include "api/dialect.h"

namespace api {

const registry::Namespace* namespace_of(const registry::Registry& registry, std::string_view configured) {
  if (!configured.empty()) return registry.find_namespace(registry::fold(configured));
  const auto& all = registry.namespaces();
  return all.empty() ? nullptr : &all.begin()->second;
}

Response error_response(const Dialect* dialect, const ProblemType& type, const registry::Problem& problem) {
  return dialect ? dialect->error(type, problem) : problem_response(type, problem);
}

Response error_response(const Dialect* dialect, const registry::Problem& problem) {
  return error_response(dialect, problem_type(problem.kind), problem);
}

}  // namespace api
