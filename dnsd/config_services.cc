#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "dnsd/config_nodes.h"
#include "dnsd/config_tables.h"
#include "registry/codec/codec.h"
#include "registry/validate.h"

namespace dnsd::config {
namespace {

using registry::DomainName;
namespace codec = registry::codec;

// The file belongs to whom the program list belongs to; still, one place says what may run here.
void complain_of_programs(const toml::table& table, const std::vector<registry::CheckDef>& checks, const Config& config,
                          Complaints& complaints) {
  for (const auto& check : checks) {
    if (check.kind != registry::CheckKind::exec) continue;
    if (registry::may_run(config.limits.exec_programs, check.exec)) continue;
    complaints.add(where(table), fmt::format("the check \"{}\" runs {}, which [health] exec does not allow", check.name,
                                             check.exec[0]));
  }
}

std::optional<registry::InstanceDef> read_instance(const toml::table& table, const DomainName& service,
                                                   const registry::CheckDef& defaults, Complaints& complaints) {
  const auto* id = text(table, "service.instances", "id", complaints);
  if (!id) return std::nullopt;
  if (!table.contains("address") && !table.contains("addresses") && !table.contains("host")) {
    complaints.add(where(table),
                   fmt::format("instance \"{}\" needs \"address\", \"addresses\" or \"host\"", id->get()));
    return std::nullopt;
  }
  auto written = codec::to_json(registry::InstanceDef());
  written["weight_warning"] = nullptr;  // shown only where it is set
  const auto body = body_of(table, "an instance", {"id"}, written, complaints);
  auto def = codec::parse_instance(
      body, {.service = service, .id = id->get(), .peer_v4 = {}, .peer_v6 = {}, .check_defaults = defaults});
  if (def) return *std::move(def);
  complain(complaints, table, def.error());
  return std::nullopt;
}

void read_instances(const toml::table& table, registry::Registry::Declared::Svc& service, const Config& config,
                    Complaints& complaints) {
  const auto* node = table.get("instances");
  if (!node) return;
  const auto* list = node->as_array();
  if (!list) {
    complaints.add(where(*node), fmt::format("\"instances\" is a list of tables, not {}", type_name(*node)));
    return;
  }
  for (const auto& member : *list) {
    const auto* inner = member.as_table();
    if (!inner) {
      complaints.add(where(member), fmt::format("an instance is a table, not {}", type_name(member)));
      continue;
    }
    auto def = read_instance(*inner, service.name, config.http.check_defaults, complaints);
    if (!def) continue;
    complain_of_programs(*inner, def->checks, config, complaints);
    const auto label = registry::fold(def->label);
    const auto same = [&](const auto& other) { return other.id == def->id || registry::fold(other.label) == label; };
    if (std::ranges::any_of(service.instances, same)) {
      complaints.add(where(member), fmt::format("the instance \"{}\" is declared twice", def->id));
    }
    service.instances.push_back(*std::move(def));
  }
}

// The longest apex wins; aliases are spellings of a namespace, not places to declare in.
const registry::NamespaceDef* namespace_of(const Config& config, const DomainName& name) {
  const registry::NamespaceDef* best = nullptr;
  for (const auto& def : config.declared.namespaces) {
    if (name.is_below(def.name) && (!best || def.name.label_count() > best->name.label_count())) best = &def;
  }
  return best;
}

void read_service(const toml::table& table, Config& config, Complaints& complaints) {
  const auto* value = text(table, "service", "name", complaints);
  if (!value) return;
  const auto name = domain(*value, complaints);
  if (!name) return;
  const auto* ns = namespace_of(config, *name);
  if (!ns) {
    std::vector<std::string_view> apexes;
    for (const auto& def : config.declared.namespaces) apexes.push_back(def.name.text());
    complaints.add(where(*value), fmt::format("\"{}\" is below no [[namespace]]{}", name->text(),
                                              suggestion(name->parent_key(), apexes)));
    return;
  }
  if (ns->layout == registry::Layout::kubernetes) {
    complaints.add(where(*value), fmt::format("\"{}\": declare the namespace as well, <namespace>.svc.{}", name->text(),
                                              ns->name.text()));
    return;
  }
  if (const auto problem = registry::validate_service_name(*name, ns->name)) {
    complaints.add(where(*value), problem->errors.empty() ? problem->detail : problem->errors.front().message);
    return;
  }
  const auto same = [&](const auto& other) { return other.name == *name; };
  if (std::ranges::any_of(config.declared.services, same)) {
    complaints.add(where(*value), fmt::format("the service \"{}\" is declared twice", name->text()));
  }
  registry::Registry::Declared::Svc service{.name = *name, .policy = {}, .instances = {}};
  const auto body = body_of(table, "[[service]]", {"name", "instances"}, codec::to_json(service.policy), complaints);
  auto policy = codec::parse_service(body, *name, config.http.check_defaults);
  if (policy) {
    service.policy = *std::move(policy);
    complain_of_programs(table, service.policy.checks, config, complaints);
  } else {
    complain(complaints, table, policy.error());
  }
  read_instances(table, service, config, complaints);
  config.declared.services.push_back(std::move(service));
}

// One instance per address that HTTP listens on; a wildcard is none that a client could be told.
std::vector<registry::InstanceDef> http_instances(const Config& config) {
  std::vector<registry::InstanceDef> out;
  for (const auto& endpoint : config.http.listen) {
    if (endpoint.address == "0.0.0.0" || endpoint.address == "::") continue;
    registry::InstanceDef def;
    def.id = def.label = fmt::format("http{}", out.size() + 1);
    def.addresses.v4 = registry::parse_ipv4(endpoint.address);
    def.addresses.v6 = registry::parse_ipv6(endpoint.address);
    if (endpoint.port != 0) def.port = endpoint.port;
    out.push_back(std::move(def));
  }
  return out;
}

}  // namespace

void read_services(const toml::table& file, Config& config, Complaints& complaints) {
  for (const auto* table : tables(file, "service", complaints)) read_service(*table, config, complaints);
}

// The SDKs of AWS put "data-" before the host for DiscoverInstances, whatever host they were given.
void declare_endpoint(const Where& at, Config& config, Complaints& complaints) {
  if (!config.cloudmap_endpoint) return;
  const auto& name = *config.cloudmap_endpoint;
  const auto* ns = namespace_of(config, name);
  const auto twin = DomainName::parse("data-" + name.text());
  if (!ns || !twin || registry::validate_service_name(name, ns->name) ||
      registry::validate_service_name(*twin, ns->name)) {
    complaints.add(at, fmt::format("cloudmap.endpoint: \"{}\" is not one label below a [[namespace]]", name.text()));
    return;
  }
  const auto instances = http_instances(config);
  if (instances.empty()) {
    complaints.add(at, "cloudmap.endpoint: http.listen names no address that clients could be told");
    return;
  }
  for (const auto& each : {name, *twin}) {
    const auto same = [&](const auto& other) { return other.name == each; };
    if (std::ranges::any_of(config.declared.services, same)) {
      complaints.add(at, fmt::format("cloudmap.endpoint: the service \"{}\" is declared twice", each.text()));
    }
    config.declared.services.push_back({.name = each, .policy = {}, .instances = instances});
    config.http.allowed_hosts.push_back(each.text());
  }
}

}  // namespace dnsd::config
