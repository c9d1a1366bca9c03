#include "api/native/registration.h"

#include <algorithm>

#include "api/native/common.h"

namespace api::native {

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

registry::codec::InstanceContext context_of(const App& app, const Request& request,
                                            const registry::DomainName& service) {
  registry::codec::InstanceContext context;
  context.service = service;
  context.id = request.params[1];
  context.peer_v4 = request.peer.address.v4;
  context.peer_v6 = request.peer.address.v6;
  context.check_defaults = app.options.check_defaults;
  return context;
}

Result<InstanceDef> read_registration(const App& app, const Request& request, const registry::DomainName& service,
                                      const boost::json::value* body) {
  if (!body) return std::unexpected(body_missing("an empty object registers the caller's own address: -d '{}'"));
  auto def = registry::codec::parse_instance(*body, context_of(app, request, service));
  if (!def) return def;
  if (auto problem = check_allowed(app, *def)) return std::unexpected(std::move(*problem));
  return def;
}

}  // namespace api::native
