#include "dnsd/zones.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "dnsd/answers/presentation.h"

namespace dnsd {
namespace {

constexpr std::size_t kMaxErrors = 20;  // what a person reads at once

using Errors = std::vector<std::string>;

std::vector<answers::StaticZone> load_all(const std::vector<ZoneFile>& files, bool of_namespace, Errors& errors) {
  std::vector<answers::StaticZone> out;
  out.reserve(files.size());
  for (const auto& file : files) {
    if (errors.size() >= kMaxErrors) break;
    answers::ZoneFileOptions options;
    options.apex = file.apex.empty() ? "." : file.apex;
    options.namespace_file = of_namespace;
    auto zone = answers::load_zone_file(file.file, options);
    if (zone) {
      out.push_back(std::move(*zone));
    } else {
      std::ranges::move(zone.error(), std::back_inserter(errors));
    }
  }
  return out;
}

}  // namespace

registry::StaticNames static_names(const answers::StaticZone& zone) {
  registry::StaticNames out;
  out.serial = zone.serial;
  for (const auto& record : zone.records) {
    const auto folded = answers::fold_wire(record.owner);
    if (folded == zone.apex) continue;
    if (auto text = answers::name_to_text(folded)) {
      if (!text->empty() && text->back() == '.') text->pop_back();
      out.owners.insert(std::move(*text));
    }
  }
  return out;
}

std::expected<LoadedZones, Errors> load_zones(const Config& config) {
  Errors errors;
  LoadedZones out;
  out.of_namespaces = load_all(config.namespace_files, true, errors);
  out.alone = load_all(config.zones, false, errors);
  if (!errors.empty()) {
    if (errors.size() > kMaxErrors) errors.resize(kMaxErrors);
    return std::unexpected(std::move(errors));
  }
  for (std::size_t i = 0; i < out.of_namespaces.size(); ++i) {
    out.names.emplace(config.namespace_files[i].apex, static_names(out.of_namespaces[i]));
  }
  return out;
}

}  // namespace dnsd
