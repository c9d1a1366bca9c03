// What Cloud Map knows of a namespace and a service beyond what DNS needs: descriptions, tags, dates, the record types.
// It is kept in the definition itself (`foreign`, registry/definition.h): so it is committed with what it describes,
// goes when that goes, is in every backup, and a GET and PUT of the native API carry it along. The service's meta is no
// place for it: DNS publishes that as TXT.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/cloudmap/reader.h"
#include "registry/registry.h"

namespace api::cloudmap {

inline constexpr std::string_view kForeign = "cloudmap";

using Tags = std::map<std::string, std::string>;
inline constexpr std::size_t kMaxResourceTags = 50;  // AWS's own limits, here and below
inline constexpr std::size_t kMaxTagKey = 128;
inline constexpr std::size_t kMaxTagValue = 256;
inline constexpr std::size_t kMaxDescription = 1024;
inline constexpr std::size_t kMaxToken = 64;
inline constexpr std::size_t kMaxName = 1024;        // of a namespace, before it is a name in DNS
inline constexpr std::size_t kMaxResourceId = 1011;  // an ARN may stand for an id
inline constexpr std::int64_t kLongestTtl = std::numeric_limits<std::int32_t>::max();  // RFC 2181 8
inline constexpr std::chrono::seconds kLongestOwnTtl{86'400};                          // of what DNS answers here

enum class NamespaceType : std::uint8_t { http, dns_private, dns_public };
[[nodiscard]] std::string_view to_string(NamespaceType type);  // "DNS_PRIVATE"

struct NamespaceNotes {
  NamespaceType type = NamespaceType::dns_private;  // also of what others made: DNS answers it
  std::string name;                                 // as the client spelled it
  std::string description;
  std::string creator;                    // CreatorRequestId
  std::optional<registry::Wall> created;  // unknown of what others made
  std::optional<std::int64_t> soa_ttl;    // seconds
  Tags tags;
  bool operator==(const NamespaceNotes&) const = default;
};

struct DnsRecord {
  std::string type;  // A, AAAA, SRV, CNAME
  std::int64_t ttl = 0;
  bool operator==(const DnsRecord&) const = default;
};

struct DnsConfig {
  bool weighted = false;  // RoutingPolicy WEIGHTED, else MULTIVALUE
  std::vector<DnsRecord> records;
  bool operator==(const DnsConfig&) const = default;
  [[nodiscard]] bool has(std::string_view type) const;
};

struct HealthConfig {
  std::string type;  // HTTP, HTTPS, TCP
  std::string path;
  std::optional<std::int64_t> threshold;
  bool operator==(const HealthConfig&) const = default;
};

struct CustomHealth {
  std::optional<std::int64_t> threshold;  // AWS has retired it: kept and shown, without effect
  bool operator==(const CustomHealth&) const = default;
};

struct ServiceNotes {
  std::string name;
  std::string description;
  std::string creator;
  std::optional<registry::Wall> created;
  std::optional<DnsConfig> dns;  // without it the service is of type HTTP
  std::optional<HealthConfig> health;
  std::optional<CustomHealth> custom;
  Tags tags;
  bool ours = false;  // made here; what others made may still be tagged and described
  bool operator==(const ServiceNotes&) const = default;
};

// Of what other interfaces made: what can be told without it.
[[nodiscard]] NamespaceNotes notes_of(const registry::Namespace& ns);
[[nodiscard]] ServiceNotes notes_of(const registry::Registry& registry, const registry::Service& service);

void keep(const NamespaceNotes& notes, registry::NamespaceDef& def);
void keep(const ServiceNotes& notes, registry::ServicePolicy& policy);

// This dialect's member of a `foreign`; an empty object clears it. The others' stay.
[[nodiscard]] json::object kept(const registry::RareText& foreign);
void keep(json::object members, registry::RareText& foreign);

// The same JSON as in requests and answers.
[[nodiscard]] json::array to_json(const Tags& tags);
[[nodiscard]] json::object to_json(const DnsConfig& dns);
[[nodiscard]] json::object to_json(const HealthConfig& health);
[[nodiscard]] json::object to_json(const CustomHealth& custom);
[[nodiscard]] Tags read_tags(const Reader& in);
[[nodiscard]] std::optional<DnsConfig> read_dns(const Reader& in);
// Of a change, which does not name the routing policy: it stays.
[[nodiscard]] std::optional<DnsConfig> read_records(const Reader& in, bool weighted);
[[nodiscard]] std::optional<HealthConfig> read_health(const Reader& in);
[[nodiscard]] std::optional<CustomHealth> read_custom(const Reader& in);

[[nodiscard]] double to_seconds(registry::Wall time);                              // dates in answers
void put_text(json::object& out, std::string_view name, const std::string& text);  // unless it is empty

}  // namespace api::cloudmap
