#include "registry/checks/target.h"

#include <xxhash.h>

namespace registry::checks {

std::uint16_t port_of(const Target& target) {
  const CheckDef& check = target.check();
  if (const auto own = own_port(check)) return *own;
  if (target.def->port) return *target.def->port;
  return usual_port(check.kind);
}

bool asks_the_same(const Target& a, const Target& b) {
  return a.def->addresses == b.def->addresses && a.def->host == b.def->host && port_of(a) == port_of(b) &&
         (&a.check() == &b.check() || a.check() == b.check());
}

std::uint64_t phase_hash(const Target& target) {
  std::string key;
  key.reserve(target.service->size() + target.def->id.size() + target.check().name.size() + 2);
  key.append(*target.service).push_back('\0');
  key.append(target.def->id).push_back('\0');
  key.append(target.check().name);
  return XXH3_64bits(key.data(), key.size());
}

Generation generation_of(const Command& command) {
  struct Visitor {
    Generation operator()(const AddTarget& add) const { return add.target.generation; }
    Generation operator()(const RemoveTarget& remove) const { return remove.generation; }
    Generation operator()(const WatchHost& watch) const { return watch.generation; }
    Generation operator()(const UnwatchHost& unwatch) const { return unwatch.generation; }
    Generation operator()(const SetPace& pace) const { return pace.generation; }
  };
  return std::visit(Visitor{}, command);
}

}  // namespace registry::checks
