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
  bool added = false;           // by check/register: a registration of the service without it leaves it there
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

[[nodiscard]] Foreign read_foreign(const registry::InstanceDef& def);
void write_foreign(const Foreign& foreign, registry::InstanceDef& def);  // what other interfaces keep there stays

}  // namespace api::consul
