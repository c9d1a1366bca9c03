#include "dnsd/config_nodes.h"

#include <fmt/format.h>

#include <algorithm>

namespace dnsd::config {

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

std::optional<registry::DomainName> domain(const toml::value<std::string>& value, Complaints& complaints) {
  auto name = registry::DomainName::parse(value.get());
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

}  // namespace dnsd::config
