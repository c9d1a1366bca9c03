#include "dnsd/config_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "dnsd/answers/presentation.h"
#include "dnsd/answers/reverse.h"
#include "dnsd/config_nodes.h"
#include "registry/codec/codec.h"
#include "registry/validate.h"

namespace dnsd::config {
namespace {

using registry::DomainName;
namespace codec = registry::codec;

bool is_known_apex(const Config& config, const DomainName& name) {
  return std::ranges::any_of(config.declared.namespaces, [&](const registry::NamespaceDef& def) {
    const auto apexes = registry::apexes_of(def);
    return std::ranges::find(apexes, name) != apexes.end();
  });
}

// In Consul's layout every name below the apex is the layout's.
void judge_consul(const Config& config, const DomainName& apex, registry::Layout layout, const Where& at,
                  Complaints& complaints) {
  for (const auto& def : config.declared.namespaces) {
    for (const auto& other : registry::apexes_of(def)) {
      const bool inside = layout == registry::Layout::consul && other.is_below(apex);
      const bool around = registry::layout_at(def, other) == registry::Layout::consul && apex.is_below(other);
      if (!inside && !around) continue;
      complaints.add(at, fmt::format("no namespace lies below \"{}\", where names are Consul's: not \"{}\"",
                                     inside ? apex.text() : other.text(), inside ? other.text() : apex.text()));
    }
  }
}

// What goes with native names alone.
void judge_layout(const toml::table& table, registry::Layout layout, Complaints& complaints) {
  if (layout == registry::Layout::native) return;
  if (const auto* node = table.get("allow_update"))
    complaints.add(where(*node), "\"allow_update\" goes with layout = \"native\" alone");
  if (const auto* node = table.get("zone_file"); node && layout == registry::Layout::consul)
    complaints.add(where(*node), "a namespace in Consul's layout has no \"zone_file\"");
}

std::optional<registry::NamespaceDef> read_namespace(const toml::table& table, const DomainName& name,
                                                     Complaints& complaints) {
  static const auto written = codec::to_json(registry::NamespaceDef());
  auto body =
      body_of(table, "[[namespace]]", {"name", "zone_file", "allow_query", "allow_transfer", "notify", "allow_update"},
              written, complaints);
  // [[namespace.ttl]] is short for [[namespace.ttl_rules]] where no ttl = "..." stands beside it (TOML has one of
  // them).
  const bool short_rules = body.contains("ttl") && body["ttl"].is_array();
  if (short_rules) body["ttl_rules"] = std::exchange(body["ttl"], nullptr);
  if (short_rules) body.erase("ttl");
  auto def = codec::parse_namespace(body, name);
  if (def) judge_layout(table, def->layout, complaints);
  if (def) return *std::move(def);
  for (auto& error : def.error().errors) {
    if (short_rules && error.pointer.starts_with("#/ttl_rules")) error.pointer.erase(5, 6);
  }
  complain(complaints, table, def.error());
  return std::nullopt;
}

void add_namespace(registry::NamespaceDef def, const Where& at, Config& config, Complaints& complaints) {
  for (const auto& name : registry::apexes_of(def)) {
    if (is_known_apex(config, name)) complaints.add(at, fmt::format("the apex \"{}\" is declared twice", name.text()));
    judge_consul(config, name, registry::layout_at(def, name), at, complaints);
  }
  config.declared.namespaces.push_back(std::move(def));
}

// [[namespace]] with `of`: the same services under another apex, in Consul's layout.
void read_view(const toml::table& table, const DomainName& name, const Where& at, Config& config,
               Complaints& complaints) {
  static const std::vector<std::string_view> known = {"name",        "layout",         "of",
                                                      "allow_query", "allow_transfer", "notify"};
  for (const auto& [key, value] : table) {
    if (std::ranges::find(known, key.str()) == known.end())
      unknown_key(complaints, key, "a [[namespace]] that is a view of another", known);
  }
  if (table["layout"].value_or(std::string()) != "consul") {
    complaints.add(where(*table.get("of")),
                   "\"of\" goes with layout = \"consul\"; for the same names under another "
                   "apex give that namespace \"aliases\"");
  }
  const auto* value = text(table, "namespace", "of", complaints);
  const auto of = value ? domain(*value, complaints) : std::nullopt;
  if (!of) return;
  auto& declared = config.declared.namespaces;
  const auto def = std::ranges::find(declared, *of, &registry::NamespaceDef::name);
  if (def == declared.end()) {
    std::vector<std::string_view> apexes;
    for (const auto& each : declared) apexes.push_back(each.name.text());
    complaints.add(where(*value),
                   fmt::format("\"{}\" is no [[namespace]]{}", of->text(), suggestion(of->key(), apexes)));
    return;
  }
  if (is_known_apex(config, name)) complaints.add(at, fmt::format("the apex \"{}\" is declared twice", name.text()));
  judge_consul(config, name, registry::Layout::consul, at, complaints);
  if (def->layout == registry::Layout::kubernetes)
    complaints.add(where(*value), fmt::format("\"{}\" holds no services itself", of->text()));
  def->consul_aliases.push_back(name);
  if (def->consul_aliases.size() > registry::kMaxNamespaceAliases)
    complaints.add(at, fmt::format("\"{}\" has over {} aliases", of->text(), registry::kMaxNamespaceAliases));
}

// Any name: the root, "0/25.2.0.192.in-addr.arpa" (RFC 2317), escapes as in zone files.
std::optional<std::string> zone_name(const toml::value<std::string>& value, Complaints& complaints) {
  const auto wire = answers::name_to_wire(value.get());
  if (!wire) {
    complaints.add(where(value), fmt::format("\"{}\" is not a domain name", value.get()));
    return std::nullopt;
  }
  auto name = answers::name_to_text(answers::fold_wire(*wire)).value_or(".");
  name.pop_back();
  return name;
}

}  // namespace

std::optional<std::string> apex_of_zone(const toml::table& table) {
  if (const auto* name = table.get_as<std::string>("name")) {
    const auto wire = answers::name_to_wire(name->get());
    return wire ? std::optional(answers::fold_wire(*wire)) : std::nullopt;
  }
  const auto* text = table.get_as<std::string>("prefix");
  const auto prefix = text ? registry::parse_prefix(text->get()) : std::nullopt;
  return prefix ? std::optional(answers::reverse_apex(*prefix)) : std::nullopt;
}

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
  struct View {
    const toml::table* table;
    DomainName name;
    Where at;
  };
  std::vector<View> views;
  for (const auto* table : tables(file, "namespace", complaints)) {
    const auto* value = text(*table, "namespace", "name", complaints);
    const auto name = value ? domain(*value, complaints) : std::nullopt;
    if (!name) continue;
    if (table->contains("of")) {
      views.push_back({table, *name, where(*value)});
      continue;
    }
    auto def = read_namespace(*table, *name, complaints);
    auto zone = table->contains("zone_file") ? path(*table, "namespace", "zone_file", base, complaints) : std::nullopt;
    if (!is_chosen(*name)) continue;
    if (zone) config.namespace_files.push_back({name->key(), *std::move(zone)});
    // A namespace with a mistake still counts as declared, so that its services are judged, not called homeless.
    if (def && !table->contains("datacenter")) def->datacenter = config.http.consul.datacenter;
    add_namespace(def ? *std::move(def) : plain_namespace(*name), where(*value), config, complaints);
  }
  for (const View& view : views) {
    if (is_chosen(view.name)) read_view(*view.table, view.name, view.at, config, complaints);
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
  static const std::vector<std::string_view> known = {"name",           "file",   "allow_query",
                                                      "allow_transfer", "notify", "primaries"};
  std::set<std::string> seen;
  for (const auto* table : tables(file, "zone", complaints)) {
    for (const auto& [key, value] : *table) {
      if (std::ranges::find(known, key.str()) == known.end()) unknown_key(complaints, key, "[[zone]]", known);
    }
    const auto* value = text(*table, "zone", "name", complaints);
    const bool transferred = table->contains("primaries");  // from there, not from a file
    if (transferred && table->contains("file"))
      complaints.add(where(*table), "a [[zone]] has a \"file\" or \"primaries\", not both");
    auto zone = transferred ? std::nullopt : path(*table, "zone", "file", base, complaints);
    const auto name = value ? zone_name(*value, complaints) : std::nullopt;
    if (!name || (!zone && !transferred)) continue;
    if (const auto apex = DomainName::parse(*name); apex && is_known_apex(config, *apex)) {
      complaints.add(where(*value),
                     fmt::format("\"{}\" is a namespace; give it this file as its zone_file", value->get()));
    } else if (!seen.insert(*name).second) {
      complaints.add(where(*value), fmt::format("the zone \"{}\" is declared twice", value->get()));
    }
    if (zone) config.zones.push_back({*name, *std::move(zone)});
  }
}

void read_reverse(const toml::table& file, Config& config, Complaints& complaints) {
  static const std::vector<std::string_view> known = {"prefix", "allow_query", "allow_transfer", "notify"};
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
    // RFC 2317 delegations within an octet are somebody else's zone to make. A single address is no zone: its one name
    // would be both the apex and the PTR's owner.
    const int step = prefix->v6 ? 4 : 8;
    const int most = prefix->v6 ? 124 : 24;
    if (prefix->bits == 0 || prefix->bits % step != 0 || prefix->bits > most) {
      complaints.add(where(*value), fmt::format("\"{}\": the prefix length of a reverse zone is a multiple of {} "
                                                "from {} to {}",
                                                value->get(), step, step, most));
      continue;
    }
    if (std::ranges::any_of(config.reverse, [&](const auto& other) { return other.prefix == *prefix; })) {
      complaints.add(where(*value), fmt::format("the reverse zone \"{}\" is declared twice", value->get()));
    }
    config.reverse.push_back({*prefix});
  }
}

}  // namespace dnsd::config
