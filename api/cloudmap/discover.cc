// What applications ask for, again and again: no commit, and no more work than the service has instances.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <random>
#include <utility>

#include "api/cloudmap/call.h"
#include "api/cloudmap/health_status.h"
#include "api/cloudmap/names.h"
#include "api/cloudmap/registration.h"
#include "api/cloudmap/render.h"

namespace api::cloudmap {
namespace {

using registry::Instance;
using Candidates = std::vector<const Instance*>;

constexpr std::int64_t kMaxDiscovered = 1000;
constexpr std::int64_t kDiscovered = 100;  // where MaxResults does not say
constexpr std::size_t kMaxParameters = kMaxCustomAttributes;
constexpr std::array<std::string_view, 4> kHealthWords = {"HEALTHY", "UNHEALTHY", "ALL", "HEALTHY_OR_ELSE_ALL"};

struct Asked {
  std::string namespace_name, service_name;
  std::string health;
  registry::Meta required, preferred;  // QueryParameters, OptionalParameters
  std::size_t limit = kDiscovered;
};

Out<const registry::Service*> service_named(const Call& call, const std::string& ns_name, const std::string& name) {
  const auto* ns = find_namespace_named(call.app, ns_name);
  if (!ns) return refuse("NamespaceNotFound", fmt::format("Namespace {} not found", ns_name));
  const auto fqdn = service_name(name, ns->def.name);
  const auto* service = fqdn ? call.app.registry().find_service(fqdn->key()) : nullptr;
  if (!service) return refuse("ServiceNotFound", fmt::format("Service {} not found", name));
  return service;
}

// A drained instance, or one that an operator has forced down, is out of every answer as long as another is left: that
// is what the drain is for. What AWS says of health alone: HEALTHY and UNHEALTHY mean nothing where nobody checks.
Candidates by_health(const Candidates& all, std::string_view wanted, bool checked) {
  Candidates usable, others;
  for (const auto* instance : all) (is_usable(*instance) ? usable : others).push_back(instance);
  const bool nobody_checks =
      !checked && std::ranges::all_of(all, [](const auto* instance) { return instance->checks->empty(); });
  if (wanted == "ALL") return all;
  if (wanted == "HEALTHY" && !nobody_checks) return usable;
  if (wanted == "UNHEALTHY" && !nobody_checks) {
    std::erase_if(others, [](const auto* instance) { return health_of(*instance) == "UNKNOWN"; });
    return others;
  }
  return usable.empty() ? all : usable;
}

Candidates select(const registry::Service& service, const Asked& question) {
  Candidates all;
  for (const auto& [id, instance] : service.instances) {
    if (bears(*instance.def, question.required)) all.push_back(&instance);
  }
  // Health first: an optional parameter is worth less than an instance that works.
  const Candidates fit = by_health(all, question.health, !service.policy.checks.empty());
  if (question.preferred.empty()) return fit;
  Candidates preferred;
  std::ranges::copy_if(fit, std::back_inserter(preferred),
                       [&](const auto* instance) { return bears(*instance->def, question.preferred); });
  return preferred.empty() ? fit : preferred;
}

Asked read_question(const Reader& in) {
  Asked question;
  question.namespace_name = in.need("NamespaceName", kMaxName);
  question.service_name = in.need("ServiceName", kMaxName);
  question.health = in.word("HealthStatus", kHealthWords);
  if (question.health.empty()) question.health = "HEALTHY";
  question.required = in.map("QueryParameters", kMaxParameters, kMaxAttributeKey, kMaxAttributeValue);
  question.preferred = in.map("OptionalParameters", kMaxParameters, kMaxAttributeKey, kMaxAttributeValue);
  question.limit = static_cast<std::size_t>(in.number("MaxResults", 1, kMaxDiscovered).value_or(kDiscovered));
  return question;
}

}  // namespace

Out<Step> discover(Call& call) {
  const auto question = read_question(call.in());
  if (call.fault) return std::unexpected(*call.fault);
  const auto service = service_named(call, question.namespace_name, question.service_name);
  if (!service) return std::unexpected(service.error());
  auto found = select(**service, question);
  json::array shown;
  // In random order: clients take the first, and where not all fit no instance is left to nobody.
  for (std::size_t i = 0; i < std::min(found.size(), question.limit); ++i) {
    std::swap(found[i], found[std::uniform_int_distribution(i, found.size() - 1)(call.state.random)]);
    const auto& instance = *found[i];
    shown.push_back(json::object{{"InstanceId", instance.def->id},
                                 {"NamespaceName", question.namespace_name},
                                 {"ServiceName", question.service_name},
                                 {"HealthStatus", health_of(instance)},
                                 {"Attributes", attributes_json(*instance.def)}});
  }
  Step step;
  step.body["Instances"] = std::move(shown);
  step.body["InstancesRevision"] = call.state.revisions.of(**service);
  return step;
}

Out<Step> discover_revision(Call& call) {
  const auto in = call.in();
  const auto ns_name = in.need("NamespaceName", kMaxName);
  const auto name = in.need("ServiceName", kMaxName);
  if (call.fault) return std::unexpected(*call.fault);
  const auto service = service_named(call, ns_name, name);
  if (!service) return std::unexpected(service.error());
  Step step;
  step.body["InstancesRevision"] = call.state.revisions.of(**service);
  return step;
}

}  // namespace api::cloudmap
