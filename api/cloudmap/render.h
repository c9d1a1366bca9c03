// Namespaces, services and instances as Cloud Map shows them.
#pragma once

#include <boost/json/object.hpp>

#include "api/cloudmap/notes.h"

namespace api::cloudmap {

// `whole`: as GetNamespace and GetService; lists show less.
[[nodiscard]] json::object namespace_json(const registry::Namespace& ns, bool whole);
[[nodiscard]] json::object service_json(const registry::Registry& registry, const registry::Service& service,
                                        bool whole);

// An instance's attributes: those of its address and port from the definition, the others from its meta, and what is
// neither from what this dialect kept.
[[nodiscard]] json::object attributes_json(const registry::InstanceDef& def);
[[nodiscard]] bool bears(const registry::InstanceDef& def, const registry::Meta& attributes);  // all of them

}  // namespace api::cloudmap
