// Where the interfaces of other systems work when the configuration does not say.
#include <algorithm>

#include "dnsd/config_settings.h"

namespace dnsd {

const registry::NamespaceDef* Config::home_of(std::optional<registry::Layout> layout) const {
  const auto& all = declared.namespaces;
  const auto first = std::ranges::find_if(all, [&](const registry::NamespaceDef& def) {
    return def.layout == layout || (layout == registry::Layout::consul && !def.consul_aliases.empty());
  });
  if (first != all.end()) return &*first;
  const auto any = std::ranges::find_if(
      all, [](const registry::NamespaceDef& def) { return def.layout != registry::Layout::kubernetes; });
  return any == all.end() ? nullptr : &*any;
}

namespace config {

void choose_homes(Config& config) {
  const auto choose = [](std::string& ns, const registry::NamespaceDef* home) {
    if (ns.empty() && home != nullptr) ns = home->name.key();
  };
  choose(config.http.consul.ns, config.home_of(registry::Layout::consul));
  choose(config.http.eureka.ns, config.home_of(std::nullopt));
}

}  // namespace config
}  // namespace dnsd
