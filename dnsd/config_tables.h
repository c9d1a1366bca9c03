// The lists of tables: [[namespace]], [[zone]], [[reverse]], [[service]], [[key]]. Their bodies go through
// registry/codec and registry/validate, so that shapes and sentences are those of the API. Internal to dnsd/config*.cc.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "dnsd/config.h"
#include "dnsd/config_toml.h"

namespace dnsd::config {

struct Named {
  std::string name;
  Where at;
};

// Of a table with a `name` or a `prefix`: wire form, folded. Nothing = it has none that is right, which is said
// elsewhere.
[[nodiscard]] std::optional<std::string> apex_of_zone(const toml::table& table);
[[nodiscard]] registry::NamespaceDef plain_namespace(registry::DomainName name);  // with the defaults

// `chosen` = namespaces of flags or environment: they replace the file's list; a chosen one keeps the file's settings.
void read_namespaces(const toml::table& file, const std::filesystem::path& base, const std::vector<Named>& chosen,
                     Config& config, Complaints& complaints);
void read_zones(const toml::table& file, const std::filesystem::path& base, Config& config, Complaints& complaints);
void read_reverse(const toml::table& file, Config& config, Complaints& complaints);
// [[key]], and the transfer keys of [[namespace]] and [[zone]]; after those.
void read_transfers(const toml::table& file, const std::filesystem::path& base, Config& config, Complaints& complaints);
// allow_query of [[namespace]], [[zone]] and [[reverse]]; after the namespaces.
void read_access(const toml::table& file, Config& config, Complaints& complaints);
void read_services(const toml::table& file, Config& config, Complaints& complaints);  // after the namespaces
void declare_endpoint(const Where& at, Config& config, Complaints& complaints);       // after the services

}  // namespace dnsd::config
