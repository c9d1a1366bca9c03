#include "api/allowed.h"

#include <algorithm>

namespace api {

using registry::InstanceDef;
using registry::ProblemKind;

std::optional<registry::Problem> check_allowed(const App& app, const InstanceDef& def) {
  const auto& allowed = app.options.allow_addresses;
  if (allowed.empty()) return std::nullopt;
  registry::Problem problem{ProblemKind::invalid_registration, "an address is not allowed here", {}, {}};
  const auto refuse = [&](std::string pointer, const std::string& what) {
    problem.errors.push_back(
        {std::move(pointer), "address.not_allowed", what + " is not in [registration] allow_addresses", {}});
  };
  const auto check = [&](const auto& address) {
    if (address && std::ranges::none_of(allowed, [&](const auto& block) { return block.contains(*address); })) {
      refuse("#/address", to_string(*address));
    }
  };
  check(def.addresses.v4);
  check(def.addresses.v6);
  if (!def.host.empty()) refuse("#/host", "a host name");
  if (problem.errors.empty()) return std::nullopt;
  return problem;
}

}  // namespace api
