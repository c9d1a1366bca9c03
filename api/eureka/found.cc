#include "api/eureka/found.h"

namespace api::eureka {
namespace {

std::unexpected<registry::Problem> nobody(const Request& request) {
  return registry::fail(registry::ProblemKind::unknown_instance,
                        request.params[0] + "/" + request.params[1] + " is not registered (any more)");
}

}  // namespace

registry::Result<Found> find(App& app, const Request& request) {
  auto service = app.part<Directory>().service_name(request.params[0]);
  if (!service) return nobody(request);
  const auto* instance = app.registry().find_instance(service->key(), request.params[1]);
  if (!instance) return nobody(request);
  return Found{std::move(*service), instance};
}

registry::Result<Found> find_living(App& app, const Request& request) {
  auto found = find(app, request);
  if (found && found->instance->forget_at) return nobody(request);
  return found;
}

}  // namespace api::eureka
