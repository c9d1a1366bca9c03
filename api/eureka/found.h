// The instance that a path names: .../apps/{app}/{id}.
#pragma once

#include "api/eureka/directory.h"
#include "api/http_message.h"

namespace api::eureka {

struct Found {
  registry::DomainName service;
  const registry::Instance* instance = nullptr;  // until the registry changes
};

// Also one whose lease has ended, which lists no longer show. 404 when there is none.
[[nodiscard]] registry::Result<Found> find(App& app, const Request& request);
// Not that one: who changes it registers it, and what is gone is not to be answered again for that.
[[nodiscard]] registry::Result<Found> find_living(App& app, const Request& request);

}  // namespace api::eureka
