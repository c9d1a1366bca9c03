#include "api/cloudmap/render.h"

#include <algorithm>
#include <optional>

#include "api/cloudmap/ids.h"

namespace api::cloudmap {
namespace {

using registry::InstanceDef;

json::object properties_of(const registry::Namespace& ns, const NamespaceNotes& notes) {
  json::object out{{"HttpProperties", json::object{{"HttpName", notes.name}}}};
  if (notes.type == NamespaceType::http) return out;
  const auto negative = std::chrono::floor<std::chrono::seconds>(ns.def.negative_ttl).count();
  json::object soa{{"TTL", notes.soa_ttl.value_or(negative)}};
  out["DnsProperties"] = json::object{{"HostedZoneId", hosted_zone_id(ns.def.name.key())}, {"SOA", std::move(soa)}};
  return out;
}

// What the definition's own members say, by its name here; nothing when they say nothing of that name.
std::optional<std::string> typed_attribute(const InstanceDef& def, std::string_view name) {
  if (name == "AWS_INSTANCE_IPV4" && def.addresses.v4) return to_string(*def.addresses.v4);
  if (name == "AWS_INSTANCE_IPV6" && def.addresses.v6) return to_string(*def.addresses.v6);
  if (name == "AWS_INSTANCE_PORT" && def.port) return std::to_string(*def.port);
  if (name == "AWS_INSTANCE_CNAME" && !def.host.empty()) return def.host.str();
  return std::nullopt;
}

constexpr std::string_view kTyped[] = {"AWS_INSTANCE_IPV4", "AWS_INSTANCE_IPV6", "AWS_INSTANCE_PORT",
                                       "AWS_INSTANCE_CNAME"};

}  // namespace

json::object namespace_json(const registry::Namespace& ns, bool whole) {
  const auto notes = notes_of(ns);
  const auto id = namespace_id(ns.def.name.key());
  json::object out{{"Id", id}, {"Arn", namespace_arn(id)}, {"Name", notes.name}, {"Type", to_string(notes.type)}};
  put_text(out, "Description", notes.description);
  out["ServiceCount"] = ns.services;
  out["Properties"] = properties_of(ns, notes);
  if (notes.created) out["CreateDate"] = to_seconds(*notes.created);
  if (whole) put_text(out, "CreatorRequestId", notes.creator);
  return out;
}

json::object service_json(const registry::Registry& registry, const registry::Service& service, bool whole) {
  const auto notes = notes_of(registry, service);
  const auto id = service_id(service.name.key());
  json::object out{{"Id", id}, {"Arn", service_arn(id)}, {"Name", notes.name}};
  if (whole) out["NamespaceId"] = namespace_id(service.apex);
  put_text(out, "Description", notes.description);
  out["InstanceCount"] = service.instances.size();
  if (notes.dns) {
    out["DnsConfig"] = to_json(*notes.dns);
    if (whole) out["DnsConfig"].get_object()["NamespaceId"] = namespace_id(service.apex);
  }
  out["Type"] = notes.dns ? "DNS_HTTP" : "HTTP";
  if (notes.health) out["HealthCheckConfig"] = to_json(*notes.health);
  if (notes.custom) out["HealthCheckCustomConfig"] = to_json(*notes.custom);
  if (notes.created) out["CreateDate"] = to_seconds(*notes.created);
  if (whole) put_text(out, "CreatorRequestId", notes.creator);
  return out;
}

json::object attributes_json(const InstanceDef& def) {
  const auto own = kept(def.foreign);
  json::object out;
  const bool renamed = own.contains("AWS_ALIAS_DNS_NAME");  // then the host is that, no CNAME
  for (const auto name : kTyped) {
    if (renamed && name == "AWS_INSTANCE_CNAME") continue;
    if (const auto value = typed_attribute(def, name)) out[name] = *value;
  }
  for (const auto& [name, value] : def.meta) out[name] = value;
  for (const auto& member : own) {
    if (member.value().is_string()) out[member.key()] = member.value();  // the native API may have put anything there
  }
  return out;
}

bool bears(const InstanceDef& def, const registry::Meta& attributes) {
  std::optional<json::object> all;  // made at most once: a request may name thirty, of ten thousand instances
  return std::ranges::all_of(attributes, [&](const auto& pair) {
    if (const auto at = def.meta.find(pair.first); at != def.meta.end()) return at->second == pair.second;
    if (!pair.first.starts_with("AWS_")) return false;
    if (!all) all = attributes_json(def);
    const auto* value = all->if_contains(pair.first);
    return value && value->as_string() == pair.second;
  });
}

}  // namespace api::cloudmap
