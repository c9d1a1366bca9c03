// An instance's body, as PUT, PATCH and the session read it.
#pragma once

#include <boost/json/value.hpp>

#include "api/app.h"
#include "api/route.h"
#include "registry/codec/codec.h"

namespace api::native {

using registry::Result;

// The path's second place is the instance's id.
[[nodiscard]] registry::codec::InstanceContext context_of(const App& app, const Request& request,
                                                          const registry::DomainName& service);
// `body` is null when the request has none.
[[nodiscard]] Result<registry::InstanceDef> read_registration(const App& app, const Request& request,
                                                              const registry::DomainName& service,
                                                              const boost::json::value* body);

}  // namespace api::native
