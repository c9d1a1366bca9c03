// Ids and ARNs of AWS's shapes: "ns-" or "srv-" and 16 characters, derived from the name (80 bits of SHA-256). So they
// need no store, are the same after a restart, on every node and in a restored backup, and what other interfaces made
// has them as well. A service that is deleted and made again has the same id: it is the same name in DNS.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "api/app.h"

namespace api::cloudmap {

[[nodiscard]] std::string namespace_id(std::string_view apex);    // folded
[[nodiscard]] std::string service_id(std::string_view service);   // folded FQDN
[[nodiscard]] std::string hosted_zone_id(std::string_view apex);  // "Z" and 20 characters, as Route 53's

// There is one region and one account here: what no client of a private endpoint looks at.
[[nodiscard]] std::string namespace_arn(std::string_view id);
[[nodiscard]] std::string service_arn(std::string_view id);
[[nodiscard]] std::string_view id_of_arn(std::string_view arn);  // "" when it is none; an id is taken as it is

// From an id back to the thing. Made at the first request of this dialect (a walk over all services: 0.4 s for a
// million of them) and kept current by the feed; a server that nobody asks this way keeps nothing.
class Directory {
 public:
  explicit Directory(App& app);
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  [[nodiscard]] const registry::Namespace* find_namespace(std::string_view id) const;
  [[nodiscard]] const registry::Service* find_service(std::string_view id) const;

 private:
  using Keys = std::unordered_map<std::uint64_t, std::string>;  // by 60 bits of the id
  void note(const registry::ChangeSet& changes);

  App& app_;
  Keys namespaces_, services_;
  registry::Feed::Subscription subscription_;
};

// What a NamespaceName means: a domain, or the name of an HTTP namespace.
[[nodiscard]] const registry::Namespace* find_namespace_named(const App& app, std::string_view name);

}  // namespace api::cloudmap
