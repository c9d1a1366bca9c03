// Everything that one publish_all() put into the table: zones, services, reverse names. publish() changes it in place,
// a reload replaces it whole (built aside, then one pointer store), so that no query ever meets a half-loaded table.
//
// Owner: the control thread.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "dnsd/answers/block_builder.h"
#include "dnsd/answers/departed.h"
#include "dnsd/answers/name_tree.h"
#include "dnsd/answers/publisher.h"
#include "dnsd/answers/reverse.h"
#include "dnsd/answers/shared_names.h"
#include "dnsd/answers/static_tree.h"
#include "dnsd/answers/static_zone.h"

namespace dnsd::answers {

struct StaticZones {
  std::map<std::string, StaticZone> namespaces;  // by apex, wire
  std::vector<StaticZone> alone;
  std::map<std::string, std::uint32_t> reverse_serials;  // by apex; 1 where none was set
};

class Generation {
 public:
  Generation(Table& table, Reclaimer& reclaimer, const PublisherOptions& options, const StaticZones& zones);
  Generation(const Generation&) = delete;
  Generation& operator=(const Generation&) = delete;

  void load(const registry::Registry& registry, const registry::Now& now);  // everything; before attach()
  void attach() { tree_.attach(), attached_ = true; }
  void note_replaced() const;  // all of it: another one is attached
  void keep_last_sent(const Generation& before,
                      const registry::Now& now);  // of services that were there before the reload

  // False: the namespace's aliases or its layout changed, which moves every name in it, or its apex is a name already,
  // or lies inside a zone file's zone. The caller loads a new generation.
  [[nodiscard]] bool put_namespace(const registry::Registry& registry, const registry::Namespace& name_space,
                                   const registry::Now& now);
  [[nodiscard]] bool remove_namespace(const std::string& apex, const registry::Now& now);
  void put_service(const registry::Registry& registry, const registry::Service& service, const registry::Now& now);
  void remove_service(const std::string& key, const registry::Now& now);
  void set_reverse_serial(const std::string& apex, std::uint32_t serial);
  void set_horizon(const registry::Service& service);
  void finish();  // what several changes of one publish share: the lists of services

  // No copy of an answer of the service lives longer than its TTL from that tick on; 0 = none was sent.
  [[nodiscard]] std::uint32_t last_sent(const std::string& service) const;
  [[nodiscard]] Publisher::Stats stats() const;

 private:
  struct Place {       // one apex under which a namespace stands
    std::string apex;  // wire, folded
    std::string spelled;
    registry::Layout layout = registry::Layout::native;
    std::vector<std::string> ends;  // what the names of services end with; wire, folded
    std::unique_ptr<Zone> zone;
    Node* node = nullptr;
    Node* services = nullptr;  // _services._dns-sd._udp
    Node* tcp = nullptr;       // _tcp: exists while a service has a default TCP port
    std::vector<Node*> owned;  // static owners, ns.<apex>
  };
  struct Listed {
    std::string label;
    bool tcp = false, udp = false;
    bool operator==(const Listed&) const = default;
  };
  struct Space {  // a namespace
    registry::NamespaceDef def;
    registry::Revision revision = 0;
    std::vector<Place> places;
    std::map<std::string, Listed> listed;  // by service, for _services._dns-sd._udp
    std::size_t tcp = 0;                   // of them with a TCP port
    std::string listed_until;              // the first one without room in the list; "" = all have
  };
  struct Published {  // a service
    std::string apex;
    std::vector<Node*> nodes;  // of each place one for each of its `ends`
    ServiceBlockPtr block;
    SharedRecords shared;
    std::uint32_t copies_until = 0;  // tick: of answers that had a longer TTL than they would have now
  };

  void add_alone(const StaticZone& zone);
  void add_reverse_zones(const registry::Registry& registry);
  void add_space(const registry::Namespace& name_space);
  void open_place(Space& space, Place& place);
  void open_layout(Space& space, Place& place);
  static void add_name_servers(const registry::NamespaceDef& def, const std::string& apex, StaticOwners& owners);
  void close_place(Place& place);
  [[nodiscard]] std::vector<Node*> acquire_service(const Space& space, const registry::Service& service,
                                                   const ServiceBlock& block, std::uint32_t horizon);
  [[nodiscard]] bool is_in_zone_below(std::string_view name, const Place& place) const;
  [[nodiscard]] SharedRecords shared_records(const Space& space, const registry::Service& service,
                                             std::uint32_t ttl) const;
  void redefine(const registry::Registry& registry, Space& space, const registry::Namespace& now_is,
                const registry::Now& now);
  Zone* add_zone(const std::string& apex, ZoneKind kind);
  [[nodiscard]] bool is_live_reverse(std::string_view name) const;
  [[nodiscard]] static std::vector<std::string> apexes_of(const registry::NamespaceDef& def);
  [[nodiscard]] bool is_inside_static_zone(const registry::NamespaceDef& def) const;
  [[nodiscard]] bool is_apex(std::string_view name) const;  // in the tree already
  [[nodiscard]] StaticOwners owners_of(const StaticZone* zone, std::string_view place) const;
  static void keep_copies(Published& published, const ServiceBlock& after, const registry::Now& now);
  [[nodiscard]] static std::uint32_t last_sent(const Published& published);
  [[nodiscard]] static std::uint32_t copies_until(const Published& published);
  void list(Space& space, const std::string& key, const Listed& entry);
  void set_list(Space& space);
  void set_tcp(const Space& space, Place& place);
  template <class T>
  void retire(std::unique_ptr<T> old) {
    if (attached_ && old) reclaimer_.retire([p = std::move(old)] {});
  }
  void retire(ServiceBlockPtr old);

  Reclaimer& reclaimer_;
  const PublisherOptions& options_;
  const StaticZones& static_zones_;
  NameTree tree_;
  std::vector<registry::Prefix> prefixes_;  // of reverse zones
  SharedNames shared_;
  bool attached_ = false;
  std::set<std::string, std::less<>> apexes_;  // wire, folded: of all zones
  std::vector<std::unique_ptr<Zone>> zones_;   // stand-alone and reverse
  std::map<std::string, Space> spaces_;        // by folded name
  std::unordered_map<std::string, Published> services_;
  Departed departed_;
  std::set<std::string> lists_changed_;  // namespaces whose list of services is to be written anew
  std::size_t block_bytes_ = 0;
  std::size_t fail_open_ = 0;  // of services_, those whose block is so
};

}  // namespace dnsd::answers
