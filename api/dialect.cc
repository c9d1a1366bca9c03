#include "api/dialect.h"

#include <fmt/format.h>

#include <utility>

#include "registry/names.h"

namespace api {

const registry::Namespace* namespace_of(const registry::Registry& registry, std::string_view configured) {
  if (!configured.empty()) return registry.find_namespace(registry::fold(configured));
  for (const auto& [apex, ns] : registry.namespaces()) {
    if (ns.def.layout != registry::Layout::kubernetes) return &ns;  // which holds no services itself
  }
  return nullptr;
}

registry::Result<registry::DomainName> service_in(const registry::Namespace* ns, std::string_view configured,
                                                  std::string_view table, std::string_view name) {
  if (ns == nullptr) {
    return registry::fail(registry::ProblemKind::unknown_namespace,
                          configured.empty() ? std::string("there is no namespace to work in")
                                             : fmt::format("the namespace {} is not there", configured),
                          fmt::format("[{}] namespace names it; PUT /api/v1/namespaces/... makes it", table));
  }
  auto parsed = registry::DomainName::parse(registry::label_for_name(name) + "." + ns->def.name.text());
  if (!parsed) {
    return registry::fail(registry::ProblemKind::bad_request, fmt::format("\"{}\": {}", name, parsed.error()));
  }
  return std::move(*parsed);
}

Response error_response(const Dialect* dialect, const ProblemType& type, const registry::Problem& problem) {
  return dialect ? dialect->error(type, problem) : problem_response(type, problem);
}

Response error_response(const Dialect* dialect, const registry::Problem& problem) {
  return error_response(dialect, problem_type(problem.kind), problem);
}

}  // namespace api
