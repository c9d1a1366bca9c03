#include "api/allowed.h"
#include "api/cloudmap/call.h"
#include "api/cloudmap/policy.h"
#include "api/cloudmap/registration.h"
#include "api/write.h"

namespace api::cloudmap {
namespace {

constexpr std::size_t kMaxAttributes = kMaxCustomAttributes + 16;  // AWS has eight of its own

Operation operation_on(const registry::Service& service, const std::string& id, std::string type, std::string token) {
  Operation operation;
  operation.type = std::move(type);
  operation.token = std::move(token);
  operation.service_id = service_id(service.name.key());
  operation.namespace_id = namespace_id(service.apex);
  operation.targets = {{"INSTANCE", id}, {"SERVICE", operation.service_id}};
  return operation;
}

}  // namespace

// The token is kept in memory only, with the operation: boto3 invents one for every call, and in the definition it
// would make a change of each repeated registration.
Out<Step> register_instance(Call& call) {
  const auto in = call.in();
  const auto service_text = in.need("ServiceId", kMaxResourceId);
  const auto id = in.need("InstanceId", kMaxInstanceId);
  const auto token = in.text("CreatorRequestId", kMaxToken);
  if (!in.has("Attributes")) in.fail("Attributes is required");
  auto attributes = in.map("Attributes", kMaxAttributes, kMaxAttributeKey, kMaxAttributeValue);
  if (!is_instance_id(id)) in.fail("InstanceId has letters, digits and _/:.@- alone");
  if (call.fault) return std::unexpected(*call.fault);
  const auto service = service_at(call, service_text);
  if (!service) return std::unexpected(service.error());

  // The initial status of every registration, as if its check were made anew: what was reported before is over.
  const auto given = attributes.find("AWS_INIT_HEALTH_STATUS");
  const std::string status = given == attributes.end() ? std::string() : given->second;
  auto def = read_instance(id, std::move(attributes), notes_of(call.app.registry(), **service));
  if (!def) return std::unexpected(def.error());
  if (const auto problem = check_allowed(call.app, *def)) return std::unexpected(to_error(*problem));
  const auto begun = begin_operation(call, operation_on(**service, id, "REGISTER_INSTANCE", token));
  if (!begun) return std::unexpected(begun.error());
  Step step = operation_step(*begun);
  if (begun->again) return step;
  if (!status.empty()) {
    const auto report = custom_report((*service)->name.key(), id, status == "HEALTHY");
    step.after = [report, body = step.body](App& app) {
      (void)beat(app, report);  // it may have been deregistered meanwhile
      return body;
    };
  }
  step.command = registry::PutInstance{(*service)->name, std::move(*def), {}};
  return step;
}

Out<Step> deregister_instance(Call& call) {
  const auto in = call.in();
  const auto service_text = in.need("ServiceId", kMaxResourceId);
  const auto id = in.need("InstanceId", kMaxInstanceId);
  if (call.fault) return std::unexpected(*call.fault);
  const auto service = service_at(call, service_text);
  if (!service) return std::unexpected(service.error());
  if (const auto instance = instance_at(**service, id); !instance) return std::unexpected(instance.error());
  const auto begun = begin_operation(call, operation_on(**service, id, "DEREGISTER_INSTANCE", {}));
  if (!begun) return std::unexpected(begun.error());
  Step step = operation_step(*begun);
  step.command = registry::DeleteInstance{(*service)->name, id, {}};
  return step;
}

}  // namespace api::cloudmap
