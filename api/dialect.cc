#include "api/dialect.h"

namespace api {

const registry::Namespace* namespace_of(const registry::Registry& registry, std::string_view configured) {
  if (!configured.empty()) return registry.find_namespace(registry::fold(configured));
  for (const auto& [apex, ns] : registry.namespaces()) {
    if (ns.def.layout != registry::Layout::kubernetes) return &ns;  // which holds no services itself
  }
  return nullptr;
}

Response error_response(const Dialect* dialect, const ProblemType& type, const registry::Problem& problem) {
  return dialect ? dialect->error(type, problem) : problem_response(type, problem);
}

Response error_response(const Dialect* dialect, const registry::Problem& problem) {
  return error_response(dialect, problem_type(problem.kind), problem);
}

}  // namespace api
