// What of checks depends on other facts: which programs may be run here, and who follows whom already.
#include <fmt/format.h>

#include "registry/rules.h"
#include "registry/validate.h"

namespace registry {

std::optional<std::vector<CheckDef>> with_canonical_names(
    const std::vector<CheckDef>& checks, const std::function<std::string(std::string_view)>& canonical) {
  std::optional<std::vector<CheckDef>> out;
  for (std::size_t i = 0; i < checks.size(); ++i) {
    if (checks[i].kind != CheckKind::alias) continue;
    const std::string followed = fold(checks[i].alias);
    std::string name = canonical(followed);
    if (name == followed) continue;
    if (!out) out = checks;
    (*out)[i].alias = std::move(name);
  }
  return out;
}

std::optional<Problem> check_allowed(const Staging& staging, const DomainName& service,
                                     const std::vector<CheckDef>& checks) {
  const std::vector<std::string>& programs = staging.core().limits.exec_programs;
  for (std::size_t i = 0; i < checks.size(); ++i) {
    const CheckDef& check = checks[i];
    if (check.kind == CheckKind::exec && !may_run(programs, check.exec)) {
      return one_fault(fmt::format("#/checks/{}/exec", i), "not_allowed",
                       programs.empty() ? "exec checks are off: the server's configuration allows no program"
                                        : fmt::format("the server's configuration does not allow {}", check.exec[0]));
    }
    if (check.kind != CheckKind::alias) continue;
    const std::string pointer = fmt::format("#/checks/{}/alias", i);
    const std::string followed = fold(check.alias);
    if (!staging.apex_for(followed)) {
      return one_fault(pointer, "unknown_namespace", fmt::format("lies in no namespace: {}", check.alias));
    }
    if (followed == service.key()) return one_fault(pointer, "loop", "is the service itself");
    if (staging.core().follows(followed, service.key())) {
      return one_fault(pointer, "loop", fmt::format("follows {} already", service.text()));
    }
  }
  return std::nullopt;
}

}  // namespace registry
