// The zones that others may transfer, followed as the registry and the zone files change.
//
// Owner: the control thread. Cost follows the change: publish() encodes again the services that a change set names, and
// only of namespaces that somebody transfers.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "dnsd/answers/publisher.h"
#include "dnsd/answers/shared_names.h"
#include "dnsd/answers/static_zone.h"
#include "dnsd/transfer/content.h"
#include "dnsd/transfer/settings.h"
#include "registry/registry.h"

namespace dnsd::transfer {

class Catalog {
 public:
  // `moved` is told each zone whose serial changed.
  using Moved = std::function<void(const std::string& apex)>;
  Catalog(registry::Registry& registry, std::vector<std::string> listen_addresses, Moved moved);

  // Start and reload: which zones, and the files of those that have one. A zone that is newer than it was keeps its
  // journal, with one step for all that the reload changed.
  struct Zones {
    const std::vector<answers::StaticZone>& of_namespaces;
    const std::vector<answers::StaticZone>& alone;
    const std::vector<answers::ReverseZone>& reverse;
  };
  void configure(const Settings& settings, const Zones& zones, const registry::Now& now);
  void publish(const registry::ChangeSet& changes, const registry::Now& now);
  // A stand-alone zone as it is now: of a file, or transferred to us.
  void put_zone(const answers::StaticZone& zone);
  void remove_zone(const std::string& apex);  // expired: no longer ours to hand on

  // Null: not transferable, or not there (yet). `apex` in wire form, folded.
  [[nodiscard]] std::shared_ptr<const Content> find(const std::string& apex) const;

 private:
  using Definitions = std::vector<std::pair<std::string, registry::Revision>>;
  struct Entry {
    std::string space;  // key of the namespace; "" = a stand-alone zone
    std::string spelled;
    std::shared_ptr<Content> content;
    std::set<std::string> pending;  // services touched since the serial moved last
    Definitions seen;               // of the namespace and those below it: statics depend on them
    std::optional<registry::Prefix> reverse;
    registry::Layout layout = registry::Layout::native;
    std::map<std::string, answers::SharedRecords> given;  // Consul's layout: by service
    std::map<answers::SharedRecord, std::size_t> givers;  // of each, so many services
    RecordList cuts;                                      // of a reverse zone: name servers of zones of ours inside it
    std::vector<std::string> inside;                      // their apexes
  };

  void open_space(const std::string& apex, Entry& entry, const registry::Now& now);
  void follow(const std::string& apex, Entry& entry, const registry::Now& now);
  [[nodiscard]] Part part_of(const std::string& service, const registry::Now& now) const;
  [[nodiscard]] Parts all_parts(Entry& entry, const registry::Namespace& space, const registry::Now& now) const;
  [[nodiscard]] RecordList statics_of(const Entry& entry, const registry::Namespace& space) const;
  [[nodiscard]] std::vector<const registry::Namespace*> below(const registry::Namespace& space) const;
  [[nodiscard]] Definitions definitions(const registry::Namespace& space) const;
  [[nodiscard]] std::pair<const registry::Namespace*, std::string> find_space(const std::string& apex) const;
  // catalog_consul.cc: the parts that change with these services, taken in.
  [[nodiscard]] Parts consul_parts(Entry& entry, const registry::Namespace& space,
                                   const std::set<std::string>& services, const registry::Now& now) const;
  [[nodiscard]] Parts parts_of(Entry& entry, const registry::Namespace& space, const std::set<std::string>& services,
                               const registry::Now& now) const;
  // catalog_reverse.cc
  void open_reverse(const std::string& apex, Entry& entry, const Zones& zones);
  void follow_reverse(const std::string& apex, Entry& entry, const registry::ChangeSet& changes);
  void advance_reverse(const std::string& apex, Entry& entry, const Parts& candidates,
                       std::optional<registry::Revision> revision);  // unset: takes a new one
  [[nodiscard]] RecordList reverse_statics(const std::string& apex, const Entry& entry) const;
  [[nodiscard]] Part pointers_of(const Entry& entry, const std::string& service) const;
  [[nodiscard]] Soa reverse_soa(const std::string& apex, std::uint32_t serial) const;

  registry::Registry& registry_;
  std::vector<std::string> listen_addresses_;
  Moved moved_;
  std::map<std::string, Entry> entries_;              // by apex
  std::map<std::string, answers::StaticZone> files_;  // of namespaces in entries_, by the namespace's apex
};

}  // namespace dnsd::transfer
