// [[key]], and what [[namespace]] and [[zone]] say of transfers, updates and primaries.
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <utility>

#include "dnsd/answers/presentation.h"
#include "dnsd/answers/reverse.h"
#include "dnsd/answers/wire_name.h"
#include "dnsd/config_nodes.h"
#include "dnsd/config_tables.h"

namespace dnsd::config {
namespace {

constexpr std::size_t kMaxRules = 256;  // of one list: a person wrote it
constexpr std::uint16_t kDnsPort = 53;

std::string apex_of(const registry::DomainName& name) { return answers::fold_wire(answers::to_wire(name)); }

std::expected<std::string, std::string> read_secret(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(kMaxSecretFile + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (!file.eof() && text.size() <= kMaxSecretFile)
    return std::unexpected(fmt::format("cannot read the secret file {}", path.string()));
  if (text.size() > kMaxSecretFile)
    return std::unexpected(fmt::format("{} is longer than {} octets", path.string(), kMaxSecretFile));
  auto secret = tsig::secret_from_text(text);
  if (!secret) return std::unexpected(fmt::format("{} {}", path.string(), secret.error()));
  return *std::move(secret);
}

void read_key(const toml::table& table, const std::filesystem::path& base, Config& config, Complaints& complaints) {
  static const std::vector<std::string_view> known = {"name", "algorithm", "secret_file"};
  for (const auto& [key, value] : table) {
    if (std::ranges::find(known, key.str()) == known.end()) unknown_key(complaints, key, "[[key]]", known);
  }
  const auto* name_node = text(table, "key", "name", complaints);
  const auto secret_file = path(table, "key", "secret_file", base, complaints);
  if (!name_node || !secret_file) return;
  const auto name = domain(*name_node, complaints);
  if (!name) return;
  auto algorithm = std::optional(tsig::Algorithm::sha256);
  if (table.contains("algorithm")) {
    const auto* word = text(table, "key", "algorithm", complaints);
    if (!word) return;
    algorithm = tsig::algorithm_from_text(word->get());
    if (!algorithm) {
      complaints.add(where(*word), fmt::format("\"{}\" is not known here; one of \"hmac-sha256\", \"hmac-sha384\", "
                                               "\"hmac-sha512\"",
                                               word->get()));
      return;
    }
  }
  auto secret = read_secret(*secret_file);
  if (!secret) {
    complaints.add(where(*table.get("secret_file")), secret.error());
    return;
  }
  tsig::Key key{apex_of(*name), *algorithm, *std::move(secret)};
  if (!config.transfers.keys.emplace(key.name, key).second)
    complaints.add(where(*name_node), fmt::format("the key \"{}\" is declared twice", name->text()));
}

// "10.0.0.0/8 key:xfr" -> what stands before the key, and the key's name.
struct Parts {
  std::string place;
  std::string key;
};

std::expected<Parts, std::string> split(const std::string& line, const Config& config) {
  Parts out;
  std::size_t at = 0;
  while (at < line.size()) {
    const auto end = std::min(line.find(' ', at), line.size());
    const auto word = line.substr(at, end - at);
    at = end + 1;
    if (word.empty()) continue;
    if (!word.starts_with("key:")) {
      if (!out.place.empty()) return std::unexpected(fmt::format("\"{}\" names two places", line));
      out.place = word;
      continue;
    }
    const auto name = registry::DomainName::parse(word.substr(4));
    const auto key = name ? apex_of(*name) : std::string();
    if (!config.transfers.keys.contains(key))
      return std::unexpected(fmt::format("\"{}\": there is no [[key]] of that name", word));
    if (!out.key.empty()) return std::unexpected(fmt::format("\"{}\" names two keys", line));
    out.key = key;
  }
  return out;
}

std::expected<transfer::AccessRule, std::string> rule_of(const std::string& line, const Config& config) {
  auto parts = split(line, config);
  if (!parts) return std::unexpected(parts.error());
  transfer::AccessRule rule{std::nullopt, parts->key};
  if (!parts->place.empty()) {
    rule.from = registry::parse_prefix(parts->place);
    if (!rule.from)
      return std::unexpected(
          fmt::format("\"{}\" is not an address block; write 10.0.0.2, 10.0.0.0/8, \"key:NAME\" or "
                      "both in one string",
                      line));
  }
  if (!rule.from && rule.key.empty()) return std::unexpected("an empty string allows nobody");
  return rule;
}

std::expected<transfer::Peer, std::string> peer_of(const std::string& line, const Config& config) {
  auto parts = split(line, config);
  if (!parts) return std::unexpected(parts.error());
  transfer::Peer peer{parts->place, kDnsPort, parts->key};
  if (const auto endpoint = parse_address_port(parts->place)) {
    peer.address = endpoint->address;
    peer.port = endpoint->port;
  }
  if ((!registry::parse_ipv4(peer.address) && !registry::parse_ipv6(peer.address)) || peer.port == 0)
    return std::unexpected(
        fmt::format("\"{}\" is not an address; write \"10.0.0.2\", \"10.0.0.2:53\" or "
                    "\"[fd00::2]:53\", and \"key:NAME\" behind it",
                    line));
  return peer;
}

template <class T, class Read>
void read_list(const toml::table& table, std::string_view key, Config& config, std::vector<T>& out, Read read,
               Complaints& complaints) {
  const auto* node = table.get(key);
  if (!node) return;
  const auto* list = node->as_array();
  if (!list) {
    complaints.add(where(*node), fmt::format("\"{}\" is a list of strings, not {}", key, type_name(*node)));
    return;
  }
  if (list->size() > kMaxRules) complaints.add(where(*node), fmt::format("\"{}\" has over {} members", key, kMaxRules));
  for (const auto& member : *list) {
    const auto* line = member.as_string();
    if (!line) {
      complaints.add(where(member), fmt::format("\"{}\" is a list of strings, not {}", key, type_name(member)));
    } else if (auto value = read(line->get(), config)) {
      out.push_back(*std::move(value));
    } else {
      complaints.add(where(member), fmt::format("{}: {}", key, value.error()));
    }
  }
}

void read_zone(const toml::table& table, Config& config, Complaints& complaints) {
  const auto apex = apex_of_zone(table);
  if (!apex) return;
  transfer::ZoneSettings zone;
  read_list(table, "allow_transfer", config, zone.allow_transfer, rule_of, complaints);
  read_list(table, "allow_update", config, zone.allow_update, rule_of, complaints);
  read_list(table, "notify", config, zone.notify, peer_of, complaints);
  read_list(table, "primaries", config, zone.primaries, peer_of, complaints);
  if (table.contains("primaries") && zone.primaries.empty())
    complaints.add(where(*table.get("primaries")), "\"primaries\" is empty: there is nobody to get the zone from");
  if (zone == transfer::ZoneSettings{}) return;
  if (!config.transfers.zones.emplace(*apex, std::move(zone)).second)
    complaints.add(where(table),
                   fmt::format("the zone \"{}\" is declared twice", answers::name_to_text(*apex).value_or("?")));
}

}  // namespace

void read_transfers(const toml::table& file, const std::filesystem::path& base, Config& config,
                    Complaints& complaints) {
  for (const auto* table : tables(file, "key", complaints)) read_key(*table, base, config, complaints);
  Complaints ignored({});  // not a table: said already
  for (const auto* table : tables(file, "namespace", ignored)) read_zone(*table, config, complaints);
  for (const auto* table : tables(file, "zone", ignored)) read_zone(*table, config, complaints);
  for (const auto* table : tables(file, "reverse", ignored)) read_zone(*table, config, complaints);
  // The aliases of a namespace are the same zone under another name.
  for (const auto& def : config.declared.namespaces) {
    const auto own = config.transfers.zones.find(apex_of(def.name));
    if (own == config.transfers.zones.end()) continue;
    auto settings = own->second;
    settings.allow_update.clear();  // an update names the namespace itself
    for (const auto& alias : def.aliases) config.transfers.zones.insert_or_assign(apex_of(alias), settings);
    // Those that are tables of their own say it themselves.
    for (const auto& alias : def.consul_aliases) config.transfers.zones.try_emplace(apex_of(alias), settings);
  }
}

}  // namespace dnsd::config
