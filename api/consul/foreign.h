// What Consul's API gives back and the registry has no place for: the member "consul" of InstanceDef::foreign. Holds
// exceptions alone, so that a plain registration has none of it: an id that is not the registry's, the name of a
// service that is not its label, the ids and names of checks that were given.
#pragma once

#include <boost/json/object.hpp>
#include <map>
#include <string>

#include "registry/definition.h"

namespace api::consul {

struct CheckNote {
  std::string id, name, notes;  // "" = what Consul would make up
};

struct Foreign {
  std::string id;           // of an instance of another node than ours; "" = the registry's
  std::string name;         // of the service as it was spelled; "" = its label
  std::string maintenance;  // the reason that was given
  std::string node_address, node_id;
  boost::json::object node_meta, tagged_addresses;
  bool enable_tag_override = false;
  std::map<std::string, CheckNote, std::less<>> checks;  // by the check's name in the registry
};

// Consul keeps a service until it is deregistered, however long it fails; this is the most that a lease may be over.
inline constexpr registry::Millis kKept{30LL * 24 * 3600 * 1000};
// Whether it came through this interface. Only such a registration is moved by one of its id under another name: the
// same id in two services is nothing unusual in other interfaces.
[[nodiscard]] inline bool made_here(const registry::InstanceDef& def) { return def.deregister_after == kKept; }

[[nodiscard]] Foreign read_foreign(const registry::InstanceDef& def);
void write_foreign(const Foreign& foreign, registry::InstanceDef& def);  // what other interfaces keep there stays

}  // namespace api::consul
