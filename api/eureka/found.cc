#include "api/eureka/found.h"

namespace api::eureka {

registry::Result<Found> find(App& app, const Request& request) {
  const auto unknown = [&] {
    return registry::fail(registry::ProblemKind::unknown_instance,
                          request.params[0] + "/" + request.params[1] + " is not registered (any more)");
  };
  auto service = app.part<Directory>().service_name(request.params[0]);
  if (!service) return unknown();
  const auto* instance = app.registry().find_instance(service->key(), request.params[1]);
  if (!instance) return unknown();
  return Found{std::move(*service), instance};
}

}  // namespace api::eureka
