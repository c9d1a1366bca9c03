#include <array>
#include <utility>

#include "api/cloudmap/call.h"
#include "api/cloudmap/names.h"
#include "api/cloudmap/policy.h"
#include "api/cloudmap/render.h"

namespace api::cloudmap {
namespace {

using registry::ProblemKind;
using registry::ServicePolicy;

constexpr std::array<std::string_view, 1> kTypeOptions = {"HTTP"};

// "The record types of a service can only be changed by deleting the service and recreating it": its instances were
// registered for these.
std::optional<Error> check_types(const DnsConfig& wanted, const std::optional<DnsConfig>& present) {
  for (const auto& record : wanted.records) {
    if (present && present->has(record.type)) continue;
    return Error{"InvalidInput", "the service has no " + record.type + " record: a change sets TTLs alone", 400, {}};
  }
  return std::nullopt;
}

std::optional<Error> check_health(const ServiceNotes& notes) {
  const auto fault = [](std::string message) { return Error{"InvalidInput", std::move(message), 400, {}}; };
  if (notes.health && notes.custom)
    return fault("a service has HealthCheckConfig or HealthCheckCustomConfig, not both");
  const bool cname = notes.dns && notes.dns->has("CNAME");
  if (notes.health && cname) return fault("a service of CNAME records has no HealthCheckConfig");
  return std::nullopt;
}

// The namespace may stand in two places: in the request, and (as older clients have it) in its DnsConfig.
std::string read_namespace_id(const Reader& in) {
  auto id = in.text("NamespaceId", kMaxResourceId);
  const auto dns = in.inside("DnsConfig");
  if (id.empty() && dns) id = dns->text("NamespaceId", kMaxResourceId);
  if (id.empty()) in.fail("NamespaceId is required");
  return id;
}

Out<ServiceNotes> read_service(Call& call, const Reader& in) {
  ServiceNotes notes;
  notes.ours = true;
  notes.name = in.need("Name", kMaxServiceName);
  notes.description = in.text("Description", kMaxDescription);
  notes.creator = in.text("CreatorRequestId", kMaxToken);
  notes.created = call.now();
  notes.dns = read_dns(in);
  notes.health = read_health(in);
  notes.custom = read_custom(in);
  notes.tags = read_tags(in);
  const bool http = !in.word("Type", kTypeOptions).empty();
  if (http && notes.dns) in.fail("a service of type HTTP has no DnsConfig");
  if (!notes.name.empty() && !is_service_name(notes.name)) in.fail("Name has other characters than AWS takes");
  if (notes.tags.size() > kMaxResourceTags) {
    return refuse("TooManyTagsException", "a resource has at most 50 tags", {{"ResourceName", notes.name}});
  }
  if (call.fault) return std::unexpected(*call.fault);
  if (auto error = check_health(notes)) return std::unexpected(std::move(*error));
  return notes;
}

Error exists(const registry::Registry& registry, const registry::Service& service) {
  const auto notes = notes_of(registry, service);
  const auto id = service_id(service.name.key());
  return {"ServiceAlreadyExists",
          "there is a service " + notes.name + " at " + service.name.text(),
          400,
          {{"ServiceId", id}, {"ServiceArn", service_arn(id)}, {"CreatorRequestId", notes.creator}}};
}

// The client asks again, because it missed the answer: the same token, and the same service.
bool is_repeated(const ServiceNotes& present, ServiceNotes wanted) {
  wanted.created = present.created;
  return !wanted.creator.empty() && present == wanted;
}

json::object show(const registry::Registry& registry, const registry::DomainName& name) {
  json::object body;
  if (const auto* service = registry.find_service(name.key())) body["Service"] = service_json(registry, *service, true);
  return body;
}

}  // namespace

Out<Step> create_service(Call& call) {
  const auto in = call.in();
  const auto ns_id = read_namespace_id(in);
  const auto notes = read_service(call, in);
  if (!notes) return std::unexpected(notes.error());
  const auto ns = namespace_at(call, ns_id);
  if (!ns) return std::unexpected(ns.error());
  if (notes->dns && notes_of(**ns).type == NamespaceType::http) {
    return invalid("services of an HTTP namespace have no DnsConfig");
  }
  const auto name = service_name(notes->name, (*ns)->def.name);
  if (!name) return invalid("Name makes no domain name: " + name.error());
  const auto& registry = call.app.registry();
  Step step;
  if (const auto* present = registry.find_service(name->key())) {
    if (!is_repeated(notes_of(registry, *present), *notes)) return std::unexpected(exists(registry, *present));
    step.body = show(registry, *name);
    return step;
  }
  ServicePolicy policy = policy_of(*notes, call.app.options);
  keep(*notes, policy);
  step.command = registry::PutService{*name, std::move(policy), {.if_match = {}, .create_only = true}};
  step.after = [name = *name](App& app) { return show(app.registry(), name); };
  step.explain = [&app = call.app, name = *name](const registry::Problem& problem) -> std::optional<Error> {
    const auto* present = app.registry().find_service(name.key());
    if (problem.kind != ProblemKind::precondition_failed || !present) return std::nullopt;
    return exists(app.registry(), *present);
  };
  return step;
}

// Records and health checks that the change leaves out are removed; the custom health check never changes.
Out<Step> update_service(Call& call) {
  const auto in = call.in();
  const auto id = in.need("Id", kMaxResourceId);
  const auto change = in.inside("Service");
  if (!change) in.fail("Service is required");
  if (call.fault) return std::unexpected(*call.fault);
  const auto service = service_at(call, id);
  if (!service) return std::unexpected(service.error());
  auto notes = notes_of(call.app.registry(), **service);
  const bool was_ours = std::exchange(notes.ours, true);
  const auto present = notes.dns;
  if (change->has("Description")) notes.description = change->text("Description", kMaxDescription);
  notes.dns = read_records(*change, present && present->weighted);
  notes.health = read_health(*change);
  if (call.fault) return std::unexpected(*call.fault);
  if (auto error = check_health(notes)) return std::unexpected(std::move(*error));
  if (was_ours && notes.dns) {
    if (auto error = check_types(*notes.dns, present)) return std::unexpected(std::move(*error));
  }

  Operation operation;
  operation.type = "UPDATE_SERVICE";
  operation.service_id = service_id((*service)->name.key());
  operation.namespace_id = namespace_id((*service)->apex);
  operation.targets["SERVICE"] = operation.service_id;
  const auto begun = begin_operation(call, std::move(operation));
  if (!begun) return std::unexpected(begun.error());
  Step step = operation_step(*begun);
  ServicePolicy policy = (*service)->policy;
  auto checks = policy.checks;
  change_policy(policy, notes, call.app.options);
  if (!was_ours && !notes.health) policy.checks = std::move(checks);  // of the native API: never shown, so not left out
  keep(notes, policy);
  step.command = registry::PutService{
      (*service)->name, std::move(policy), {.if_match = (*service)->revision, .create_only = false}};
  return step;
}

Out<Step> delete_service(Call& call) {
  const auto in = call.in();
  const auto id = in.need("Id", kMaxResourceId);
  if (call.fault) return std::unexpected(*call.fault);
  const auto service = service_at(call, id);
  if (!service) return std::unexpected(service.error());
  Step step;
  step.command = registry::DeleteService{(*service)->name, false, {}};
  return step;
}

}  // namespace api::cloudmap
