// What the lists of tables are made of: nodes that must be there and of the right kind. Internal to dnsd/config*.cc.
#pragma once

#include <boost/json/object.hpp>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dnsd/config_toml.h"
#include "registry/names.h"

namespace dnsd::config {

// The tables of [[name]], complaining about whatever else is there.
[[nodiscard]] std::vector<const toml::table*> tables(const toml::table& file, std::string_view name,
                                                     Complaints& complaints);
// A string that must be there; its node says where.
[[nodiscard]] const toml::value<std::string>* text(const toml::table& table, std::string_view of, std::string_view key,
                                                   Complaints& complaints);
[[nodiscard]] std::optional<registry::DomainName> domain(const toml::value<std::string>& value, Complaints& complaints);
[[nodiscard]] std::optional<std::filesystem::path> path(const toml::table& table, std::string_view of,
                                                        std::string_view key, const std::filesystem::path& base,
                                                        Complaints& complaints);
// The table as the codec's JSON: without `ours`, and without what the codec would ignore because a GET shows it
// (state, revision, ...): in a file such a key is a mistake. `written` has the keys that the codec reads.
[[nodiscard]] boost::json::object body_of(const toml::table& table, std::string_view of,
                                          const std::vector<std::string_view>& ours, const boost::json::object& written,
                                          Complaints& complaints);

}  // namespace dnsd::config
