#include "api/cloudmap/notes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>
#include <limits>

#include "registry/codec/codec.h"

namespace api::cloudmap {
namespace {

using registry::Millis;
using registry::Wall;

constexpr std::array<std::string_view, 3> kTypes = {"HTTP", "DNS_PRIVATE", "DNS_PUBLIC"};
constexpr std::array<std::string_view, 2> kPolicies = {"MULTIVALUE", "WEIGHTED"};
constexpr std::array<std::string_view, 4> kRecordTypes = {"SRV", "A", "AAAA", "CNAME"};
constexpr std::array<std::string_view, 3> kHealthTypes = {"HTTP", "HTTPS", "TCP"};
constexpr std::int64_t kTopThreshold = 10;
constexpr std::size_t kMaxResourcePath = 255;
constexpr std::size_t kLooked = 64;  // a list of services looks at some instances of each, not at all of ten thousand

std::optional<Wall> read_date(const Reader& in) {
  const auto millis = in.number("CreateDate", 0, std::numeric_limits<std::int64_t>::max() / 2);
  return millis ? std::optional(Wall(Millis(*millis))) : std::nullopt;
}

void put_date(json::object& out, const std::optional<Wall>& date) {
  if (date) out["CreateDate"] = date->time_since_epoch().count();
}

void put_tags(json::object& out, const Tags& tags) {
  if (!tags.empty()) out["Tags"] = to_json(tags);
}

// What a service of the native API answers, in the words of Cloud Map.
DnsConfig derived_dns(const registry::Registry& registry, const registry::Service& service) {
  const auto ttl = std::chrono::floor<std::chrono::seconds>(registry.ttl_of(service)).count();
  DnsConfig dns{registry.max_answers_of(service) == 1, {}};
  bool v6 = false, port = false;
  for (std::size_t seen = 0; const auto& [id, instance] : service.instances) {
    v6 = v6 || instance.def->addresses.v6;
    port = port || instance.def->port;
    if (++seen == kLooked || (v6 && port)) break;
  }
  dns.records.push_back({"A", ttl});
  if (v6) dns.records.push_back({"AAAA", ttl});
  if (port) dns.records.push_back({"SRV", ttl});
  return dns;
}

void check_records(const DnsConfig& dns, const Reader& in) {
  if (dns.records.empty()) in.fail("DnsRecords is required");
  for (std::size_t i = 0; i < dns.records.size(); ++i) {
    const auto& type = dns.records[i].type;
    const auto first = std::ranges::find(dns.records, type, &DnsRecord::type);
    if (first != dns.records.begin() + static_cast<std::ptrdiff_t>(i)) in.fail(type + " is given twice in DnsRecords");
  }
  if (!dns.has("CNAME")) return;
  if (dns.records.size() > 1) in.fail("a CNAME record stands beside no others");
  if (!dns.weighted) in.fail("a CNAME record needs the RoutingPolicy WEIGHTED");
}

}  // namespace

json::object kept(const registry::RareText& foreign) {
  if (foreign.empty()) return {};
  auto all = registry::codec::parse_document(foreign.view());
  auto* members = all ? all->if_object() : nullptr;
  auto* own = members ? members->if_contains(kForeign) : nullptr;
  if (!own || !own->is_object()) return {};
  return std::move(own->get_object());
}

void keep(json::object members, registry::RareText& foreign) {
  json::object all;
  if (auto parsed = registry::codec::parse_document(foreign.view()); parsed && parsed->is_object()) {
    all = std::move(parsed->get_object());
  }
  all.erase(kForeign);
  if (!members.empty()) all[kForeign] = std::move(members);
  foreign = all.empty() ? std::string() : json::serialize(all);
}

std::string_view to_string(NamespaceType type) { return kTypes[static_cast<std::size_t>(type)]; }

bool DnsConfig::has(std::string_view type) const {
  return std::ranges::find(records, type, &DnsRecord::type) != records.end();
}

NamespaceNotes notes_of(const registry::Namespace& ns) {
  const auto members = kept(ns.def.foreign);
  std::optional<Error> ignored;
  const Reader in(members, ignored);
  NamespaceNotes notes;
  const auto type = std::ranges::find(kTypes, in.word("Type", kTypes));
  if (type != kTypes.end()) notes.type = static_cast<NamespaceType>(type - kTypes.begin());
  notes.name = in.text("Name", kMaxName);
  if (notes.name.empty()) notes.name = ns.def.name.text();
  notes.description = in.text("Description", kMaxDescription);
  notes.creator = in.text("CreatorRequestId", kMaxToken);
  notes.created = read_date(in);
  notes.soa_ttl = in.number("SoaTtl", 0, kLongestTtl);
  notes.tags = read_tags(in);
  return notes;
}

ServiceNotes notes_of(const registry::Registry& registry, const registry::Service& service) {
  const auto members = kept(service.policy.foreign);
  std::optional<Error> ignored;
  const Reader in(members, ignored);
  ServiceNotes notes;
  notes.name = in.text("Name", kMaxName);
  notes.description = in.text("Description", kMaxDescription);
  notes.creator = in.text("CreatorRequestId", kMaxToken);
  notes.created = read_date(in);
  notes.dns = read_dns(in);
  notes.health = read_health(in);
  notes.custom = read_custom(in);
  notes.tags = read_tags(in);
  notes.ours = members.contains("Name");
  if (!notes.ours) {
    notes.name = std::string(service.name.first_label());
    notes.dns = derived_dns(registry, service);
  }
  return notes;
}

void keep(const NamespaceNotes& notes, registry::NamespaceDef& def) {
  json::object out{{"Type", to_string(notes.type)}};
  put_text(out, "Name", notes.name);
  put_text(out, "Description", notes.description);
  put_text(out, "CreatorRequestId", notes.creator);
  put_date(out, notes.created);
  if (notes.soa_ttl) out["SoaTtl"] = *notes.soa_ttl;
  put_tags(out, notes.tags);
  keep(std::move(out), def.foreign);
}

void keep(const ServiceNotes& notes, registry::ServicePolicy& policy) {
  json::object out;
  if (notes.ours) out["Name"] = notes.name;
  put_text(out, "Description", notes.description);
  put_text(out, "CreatorRequestId", notes.creator);
  put_date(out, notes.created);
  if (notes.dns && notes.ours) out["DnsConfig"] = to_json(*notes.dns);
  if (notes.health) out["HealthCheckConfig"] = to_json(*notes.health);
  if (notes.custom) out["HealthCheckCustomConfig"] = to_json(*notes.custom);
  put_tags(out, notes.tags);
  keep(std::move(out), policy.foreign);
}

json::array to_json(const Tags& tags) {
  json::array out;
  for (const auto& [key, value] : tags) out.push_back(json::object{{"Key", key}, {"Value", value}});
  return out;
}

json::object to_json(const DnsConfig& dns) {
  json::array records;
  for (const auto& record : dns.records) records.push_back(json::object{{"Type", record.type}, {"TTL", record.ttl}});
  return {{"RoutingPolicy", dns.weighted ? "WEIGHTED" : "MULTIVALUE"}, {"DnsRecords", std::move(records)}};
}

json::object to_json(const HealthConfig& health) {
  json::object out{{"Type", health.type}};
  put_text(out, "ResourcePath", health.path);
  if (health.threshold) out["FailureThreshold"] = *health.threshold;
  return out;
}

json::object to_json(const CustomHealth& custom) {
  json::object out;
  if (custom.threshold) out["FailureThreshold"] = *custom.threshold;
  return out;
}

Tags read_tags(const Reader& in) {
  Tags tags;
  for (const auto& tag : in.each("Tags", 200)) {
    auto key = tag.need("Key", kMaxTagKey);
    tags[std::move(key)] = tag.text("Value", kMaxTagValue);
  }
  return tags;
}

std::optional<DnsConfig> read_dns(const Reader& in) {
  const auto config = in.inside("DnsConfig");
  if (!config) return std::nullopt;
  return read_records(in, config->word("RoutingPolicy", kPolicies) == "WEIGHTED");
}

std::optional<DnsConfig> read_records(const Reader& in, bool weighted) {
  const auto config = in.inside("DnsConfig");
  if (!config) return std::nullopt;
  DnsConfig dns{weighted, {}};
  for (const auto& record : config->each("DnsRecords", kRecordTypes.size())) {
    if (!record.has("Type")) record.fail("a record needs a Type");
    if (!record.has("TTL")) record.fail("a record needs a TTL");
    dns.records.push_back({record.word("Type", kRecordTypes), record.number("TTL", 0, kLongestTtl).value_or(0)});
  }
  check_records(dns, *config);
  return dns;
}

std::optional<HealthConfig> read_health(const Reader& in) {
  const auto config = in.inside("HealthCheckConfig");
  if (!config) return std::nullopt;
  HealthConfig health;
  health.type = config->word("Type", kHealthTypes);
  if (health.type.empty()) config->fail("HealthCheckConfig needs a Type");
  health.path = config->text("ResourcePath", kMaxResourcePath);
  if (health.type == "TCP" && !health.path.empty()) config->fail("a TCP health check has no ResourcePath");
  health.threshold = config->number("FailureThreshold", 1, kTopThreshold);
  return health;
}

std::optional<CustomHealth> read_custom(const Reader& in) {
  const auto config = in.inside("HealthCheckCustomConfig");
  if (!config) return std::nullopt;
  return CustomHealth{config->number("FailureThreshold", 1, kTopThreshold)};
}

void put_text(json::object& out, std::string_view name, const std::string& text) {
  if (!text.empty()) out[name] = text;
}

double to_seconds(Wall time) { return static_cast<double>(time.time_since_epoch().count()) / 1000; }

}  // namespace api::cloudmap
