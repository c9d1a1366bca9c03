// Consul's view of one namespace, by the keys that its clients use: (node, id) of a service, the id of a check; with
// the indexes that blocking queries name. Made at the first request of the dialect, then kept by the feed: what it
// costs follows the changes.
//
// Owner: the control thread. One per server (App::part).
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "api/app.h"

namespace api::consul {

using Ref = registry::Registry::InstanceRef;
inline constexpr std::size_t kMaxTombstones = 10'000;  // removed services whose last index is known: about 1 MB
inline constexpr std::size_t kMaxBareNodes = 1'000;    // at most 32 KB of a body each, as a rule 200 octets

class Catalog {
 public:
  explicit Catalog(App& app) : app_(app) {}

  // The namespace; null while there is none. Everything else is empty until then.
  const registry::Namespace* ns();
  // "ORDER_SERVICE" -> order-service.corp. Fails without a namespace, or for a name that cannot be.
  [[nodiscard]] registry::Result<registry::DomainName> service_name(std::string_view name);
  // Another spelling that this service is registered under, which is another service for Consul.
  [[nodiscard]] std::optional<std::string> other_name(const registry::DomainName& service, std::string_view name);
  [[nodiscard]] std::string shown_name(const std::string& service_key);

  // Nodes are folded; ours is "".
  [[nodiscard]] std::string node_key(std::string_view node) const;
  // What was registered here goes first; of several that other interfaces gave the same id, in several services, none
  // is meant.
  [[nodiscard]] std::optional<Ref> find(std::string_view node_key, std::string_view id);
  // What a registration of that id replaces: the one in its service, else one that was made here.
  [[nodiscard]] std::optional<Ref> find_own(std::string_view node_key, std::string_view id,
                                            const std::string& service_key);
  struct Check {
    Ref instance;
    std::string name;  // in the registry
  };
  [[nodiscard]] std::optional<Check> find_check(std::string_view node_key, std::string_view check_id);

  using Ids = std::map<std::string, std::set<Ref>, std::less<>>;  // natively registered ones may share an id
  [[nodiscard]] const std::map<std::string, Ids, std::less<>>& nodes();
  // Nodes that were registered by themselves. In memory alone: what they are good for is to be found again by the
  // client that made them, before their services come.
  struct Node {
    std::string name, address, id;
    boost::json::object meta;
    registry::Revision index = 1;
  };
  [[nodiscard]] const std::map<std::string, Node, std::less<>>& bare_nodes() const { return bare_; }
  [[nodiscard]] bool remember(Node node);  // false: there are too many
  void forget(const std::string& node_key);
  struct Service {
    std::size_t instances = 0;
    registry::Revision index = 1;                    // the last time that one was put or removed
    std::map<std::string, std::size_t> tags, names;  // how many bear it; names: of those spelled in their own way
  };
  [[nodiscard]] const std::map<std::string, Service, std::less<>>& services();  // by folded FQDN

  [[nodiscard]] registry::Revision service_index(const std::string& service_key);  // survives its removal
  // Of what is registered there, whatever its health: of one service, of the nodes' list, of all.
  [[nodiscard]] registry::Revision facts_index(const std::string& service_key);
  [[nodiscard]] registry::Revision nodes_index();
  [[nodiscard]] registry::Revision facts_index();
  [[nodiscard]] registry::Revision services_index();  // of their names and tags
  [[nodiscard]] registry::Revision all_index();       // of anything: checks as well
  [[nodiscard]] std::size_t size();                   // instances
  [[nodiscard]] std::string feed_key();               // that wakes for anything

 private:
  void build();
  void forget_namespace();
  void note(const registry::ChangeSet& changes);
  void refresh(const Ref& ref, registry::Revision revision);
  void add(const Ref& ref, std::shared_ptr<const registry::InstanceDef> def, registry::Revision revision);
  void remove(const Ref& ref, registry::Revision revision);
  void move_nodes(registry::Revision revision);
  [[nodiscard]] std::optional<Check> check_of(const Ref& ref, std::string_view id, std::string_view check_id) const;

  App& app_;
  std::string apex_;  // "" until there is one
  std::map<Ref, std::shared_ptr<const registry::InstanceDef>> known_;
  std::map<std::string, Ids, std::less<>> nodes_;
  std::map<std::pair<std::string, std::string>, std::set<std::pair<Ref, std::string>>> checks_;  // ids that were given
  std::map<std::string, Service, std::less<>> services_;
  std::map<std::string, registry::Revision, std::less<>> gone_;
  std::map<std::string, Node, std::less<>> bare_;
  registry::Revision floor_ = 1;  // of services that were never seen, or are forgotten
  registry::Revision services_index_ = 1, facts_index_ = 1, nodes_index_ = 1, all_index_ = 1;
  registry::Revision nodes_revision_ = 0;  // of the last change that moved nodes_index_
  registry::Feed::Subscription subscription_;
};

}  // namespace api::consul
