// Zone files of the configuration, all or nothing: what the publisher and the registry are given of them.
#pragma once

#include <expected>
#include <map>
#include <string>
#include <vector>

#include "dnsd/answers/static_zone.h"
#include "dnsd/config.h"
#include "registry/registry.h"

namespace dnsd {

struct LoadedZones {
  std::vector<answers::StaticZone> of_namespaces;
  std::vector<answers::StaticZone> alone;
  std::map<std::string, registry::StaticNames> names;  // by folded apex of the namespace
};

// Every file that the configuration names. The errors are whole lines (file:line: ...), at most 20.
[[nodiscard]] std::expected<LoadedZones, std::vector<std::string>> load_zones(const Config& config);

// The owners that a namespace's file takes: folded, absolute, without the apex itself.
[[nodiscard]] registry::StaticNames static_names(const answers::StaticZone& zone);

}  // namespace dnsd
