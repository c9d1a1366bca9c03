#include "dnsd/config_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "registry/codec/codec.h"
#include "registry/validate.h"

namespace dnsd::config {
namespace {

using registry::DomainName;
namespace codec = registry::codec;

// The tables of [[name]], complaining about whatever else is there.
std::vector<const toml::table*> tables(const toml::table& file, std::string_view name, Complaints& complaints) {
  std::vector<const toml::table*> found;
  const auto* node = file.get(name);
  if (!node) return found;
  const auto* list = node->as_array();
  if (!list) {
    complaints.add(where(*node), fmt::format("\"{0}\" is a list of tables; write [[{0}]]", name));
    return found;
  }
  for (const auto& member : *list) {
    if (const auto* table = member.as_table()) {
      found.push_back(table);
    } else {
      complaints.add(where(member), fmt::format("a member of \"{}\" is a table, not {}", name, type_name(member)));
    }
  }
  return found;
}

// A string that must be there; its node says where.
const toml::value<std::string>* text(const toml::table& table, std::string_view of, std::string_view key,
                                     Complaints& complaints) {
  const auto* node = table.get(key);
  if (!node) {
    complaints.add(where(table), fmt::format("[[{}]] needs \"{}\"", of, key));
    return nullptr;
  }
  if (const auto* value = node->as_string()) return value;
  complaints.add(where(*node), fmt::format("\"{}\" is a string, not {}", key, type_name(*node)));
  return nullptr;
}

std::optional<DomainName> domain(const toml::value<std::string>& value, Complaints& complaints) {
  auto name = DomainName::parse(value.get());
  if (name) return *std::move(name);
  complaints.add(where(value), fmt::format("\"{}\" is not a domain name: {}", value.get(), name.error()));
  return std::nullopt;
}

std::optional<std::filesystem::path> path(const toml::table& table, std::string_view of, std::string_view key,
                                          const std::filesystem::path& base, Complaints& complaints) {
  const auto* value = text(table, of, key, complaints);
  if (!value) return std::nullopt;
  if (!value->get().empty()) return base / value->get();
  complaints.add(where(*value), fmt::format("\"{}\" is empty", key));
  return std::nullopt;
}

// The table as the codec's JSON: without `keys`, which are ours, and without what the codec would ignore because a GET
// shows it (state, revision, ...): in a file such a key is a mistake.
boost::json::object body_of(const toml::table& table, std::string_view of, const std::vector<std::string_view>& ours,
                            const boost::json::object& written, Complaints& complaints) {
  auto known = ours;
  for (const auto& member : written) known.push_back(member.key());
  auto body = to_json(table).as_object();
  for (const auto& [key, value] : table) {
    const bool is_ours = std::ranges::find(ours, key.str()) != ours.end();
    if (!is_ours && std::ranges::find(known, key.str()) != known.end()) continue;
    if (!is_ours) unknown_key(complaints, key, of, known);
    body.erase(key.str());
  }
  return body;
}

bool is_known_apex(const Config& config, const DomainName& name) {
  const auto same = [&](const registry::NamespaceDef& def) {
    return def.name == name || std::ranges::find(def.aliases, name) != def.aliases.end();
  };
  return std::ranges::any_of(config.declared.namespaces, same);
}

std::optional<registry::NamespaceDef> read_namespace(const toml::table& table, const DomainName& name,
                                                     Complaints& complaints) {
  static const auto written = codec::to_json(registry::NamespaceDef());
  auto body = body_of(table, "[[namespace]]", {"name", "zone_file"}, written, complaints);
  // [[namespace.ttl]] is short for [[namespace.ttl_rules]] where no ttl = "..." stands beside it (TOML has one of
  // them).
  const bool short_rules = body.contains("ttl") && body["ttl"].is_array();
  if (short_rules) body["ttl_rules"] = std::exchange(body["ttl"], nullptr);
  if (short_rules) body.erase("ttl");
  auto def = codec::parse_namespace(body, name);
  if (def) return *std::move(def);
  for (auto& error : def.error().errors) {
    if (short_rules && error.pointer.starts_with("#/ttl_rules")) error.pointer.erase(5, 6);
  }
  complain(complaints, table, def.error());
  return std::nullopt;
}

void add_namespace(registry::NamespaceDef def, const Where& at, Config& config, Complaints& complaints) {
  auto names = def.aliases;
  names.insert(names.begin(), def.name);
  for (const auto& name : names) {
    if (is_known_apex(config, name)) complaints.add(at, fmt::format("the apex \"{}\" is declared twice", name.text()));
  }
  config.declared.namespaces.push_back(std::move(def));
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

void read_instances(const toml::table& table, registry::Registry::Declared::Svc& service,
                    const registry::CheckDef& defaults, Complaints& complaints) {
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
    auto def = read_instance(*inner, service.name, defaults, complaints);
    if (!def) continue;
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
  } else {
    complain(complaints, table, policy.error());
  }
  read_instances(table, service, config.http.check_defaults, complaints);
  config.declared.services.push_back(std::move(service));
}

}  // namespace

registry::NamespaceDef plain_namespace(registry::DomainName name) {
  registry::NamespaceDef def;
  def.name = std::move(name);
  return def;
}

void read_namespaces(const toml::table& file, const std::filesystem::path& base, const std::vector<Named>& chosen,
                     Config& config, Complaints& complaints) {
  const auto is_chosen = [&](const DomainName& name) {
    return chosen.empty() ||
           std::ranges::any_of(chosen, [&](const Named& c) { return registry::fold(c.name) == name.key(); });
  };
  for (const auto* table : tables(file, "namespace", complaints)) {
    const auto* value = text(*table, "namespace", "name", complaints);
    const auto name = value ? domain(*value, complaints) : std::nullopt;
    if (!name) continue;
    auto def = read_namespace(*table, *name, complaints);
    auto zone = table->contains("zone_file") ? path(*table, "namespace", "zone_file", base, complaints) : std::nullopt;
    if (!is_chosen(*name)) continue;
    if (zone) config.namespace_files.push_back({*name, *std::move(zone)});
    // A namespace with a mistake still counts as declared, so that its services are judged, not called homeless.
    add_namespace(def ? *std::move(def) : plain_namespace(*name), where(*value), config, complaints);
  }
  for (const auto& [spelled, at] : chosen) {
    auto name = DomainName::parse(spelled);
    if (!name) {
      complaints.add(at, fmt::format("\"{}\" is not a domain name: {}", spelled, name.error()));
    } else if (!is_known_apex(config, *name)) {
      add_namespace(plain_namespace(*name), at, config, complaints);
    }
  }
}

void read_zones(const toml::table& file, const std::filesystem::path& base, Config& config, Complaints& complaints) {
  static const std::vector<std::string_view> known = {"name", "file"};
  for (const auto* table : tables(file, "zone", complaints)) {
    for (const auto& [key, value] : *table) {
      if (std::ranges::find(known, key.str()) == known.end()) unknown_key(complaints, key, "[[zone]]", known);
    }
    const auto* value = text(*table, "zone", "name", complaints);
    auto zone = path(*table, "zone", "file", base, complaints);
    const auto name = value ? domain(*value, complaints) : std::nullopt;
    if (!name || !zone) continue;
    const auto same = [&](const ZoneFile& other) { return other.apex == *name; };
    if (is_known_apex(config, *name)) {
      complaints.add(where(*value),
                     fmt::format("\"{}\" is a namespace; give it this file as its zone_file", name->text()));
    } else if (std::ranges::any_of(config.zones, same)) {
      complaints.add(where(*value), fmt::format("the zone \"{}\" is declared twice", name->text()));
    }
    config.zones.push_back({*name, *std::move(zone)});
  }
}

void read_reverse(const toml::table& file, Config& config, Complaints& complaints) {
  static const std::vector<std::string_view> known = {"prefix"};
  for (const auto* table : tables(file, "reverse", complaints)) {
    for (const auto& [key, value] : *table) {
      if (std::ranges::find(known, key.str()) == known.end()) unknown_key(complaints, key, "[[reverse]]", known);
    }
    const auto* value = text(*table, "reverse", "prefix", complaints);
    if (!value) continue;
    const auto prefix = registry::parse_prefix(value->get());
    if (!prefix) {
      complaints.add(where(*value), fmt::format("\"{}\" is not an address block; write 10.0.0.0/8 or fd00::/8, bits "
                                                "after the prefix zero",
                                                value->get()));
      continue;
    }
    // RFC 2317 delegations within an octet are somebody else's zone to make.
    if (const int step = prefix->v6 ? 4 : 8; prefix->bits == 0 || prefix->bits % step != 0) {
      complaints.add(
          where(*value),
          fmt::format("\"{}\": the prefix length of a reverse zone is a multiple of {} above 0", value->get(), step));
      continue;
    }
    if (std::ranges::any_of(config.reverse, [&](const auto& other) { return other.prefix == *prefix; })) {
      complaints.add(where(*value), fmt::format("the reverse zone \"{}\" is declared twice", value->get()));
    }
    config.reverse.push_back({*prefix});
  }
}

void read_services(const toml::table& file, Config& config, Complaints& complaints) {
  for (const auto* table : tables(file, "service", complaints)) read_service(*table, config, complaints);
}

}  // namespace dnsd::config
