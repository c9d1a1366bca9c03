// Who may ask: client prefixes, for all names or for those of one zone.
//
// Immutable once made; read by workers, replaced as a whole by a reload (Responder::set_rules).
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "dnsd/serve/client.h"
#include "registry/basics.h"

namespace dnsd::answers {
struct NameRef;
}

namespace dnsd::serve {

// Prefixes as masks over two words: one pass without branches on the address family's width.
class PrefixList {
 public:
  PrefixList() = default;
  explicit PrefixList(const std::vector<registry::Prefix>& prefixes);

  [[nodiscard]] bool empty() const noexcept { return rules_.empty(); }
  [[nodiscard]] bool contains(const Client& client) const noexcept {
    std::uint64_t address[2];
    std::memcpy(address, client.address.data(), 16);
    for (const Rule& r : rules_) {
      if (r.v6 == client.v6 && (address[0] & r.mask[0]) == r.net[0] && (address[1] & r.mask[1]) == r.net[1])
        return true;
    }
    return false;
  }

 private:
  struct Rule {
    std::uint64_t net[2], mask[2];
    bool v6;
  };
  std::vector<Rule> rules_;
};

// allow_query of one zone, instead of the server's.
struct ZoneAccess {
  std::string apex;  // wire, folded
  std::vector<registry::Prefix> clients;
  bool cluster = false;  // Kubernetes' layout: also of <namespace>.svc.<apex>, unless that has a list of its own
  bool operator==(const ZoneAccess&) const = default;
};

class Access {
 public:
  // An empty list allows all. `key`: of the table's name hashes.
  Access(const std::vector<registry::Prefix>& clients, const std::vector<ZoneAccess>& zones, std::uint64_t key);

  // Names outside of the zones with a list of their own.
  [[nodiscard]] bool allows(const Client& client) const noexcept { return all_.empty() || all_.contains(client); }
  [[nodiscard]] bool has_zones() const noexcept { return !slots_.empty(); }
  // A name of the zone whose apex is the last `zone_labels` labels of it. A zone inside another is not bound by that
  // one's list, but in a cluster.
  [[nodiscard]] bool allows(const Client& client, const answers::NameRef& name, unsigned zone_labels) const noexcept;

 private:
  struct Zone {
    std::string apex;
    PrefixList clients;
    bool cluster;
  };
  struct Slot {  // open addressing; a power of two of them, at most half full
    std::uint64_t hash = 0;
    const Zone* zone = nullptr;
  };

  [[nodiscard]] const Zone* find(const answers::NameRef& name, unsigned first) const noexcept;

  PrefixList all_;
  std::vector<Zone> zones_;
  std::vector<Slot> slots_;
};

}  // namespace dnsd::serve
