#include "api/native/registration.h"

#include "api/allowed.h"
#include "api/native/common.h"

namespace api::native {

using registry::InstanceDef;

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
