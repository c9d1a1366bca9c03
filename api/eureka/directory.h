// Eureka's view of one namespace: applications with the instances that are shown, the VIPs and ids that they are asked
// by, the hash code, and what changed lately. Made at the first request that needs it, then kept by the feed: what it
// costs follows the changes. A server that nobody asks this way keeps nothing.
//
// Owner: the control thread. One per server (App::part).
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "api/app.h"
#include "api/eureka/changes.h"
#include "api/eureka/notes.h"

namespace api::eureka {

struct Application {
  std::map<std::string, Member, std::less<>> members;     // by id
  std::map<std::string, std::size_t, std::less<>> names;  // as clients spelled it, of those whose label does not tell
  // As last written, per format; null = something changed since.
  std::array<std::shared_ptr<const std::string>, 2> written;
};

class Directory {
 public:
  explicit Directory(App& app) : app_(app) {}
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  // The namespace; null while there is none. Everything else is empty until then.
  const registry::Namespace* ns();
  // "ORDER_SERVICE" -> order-service.corp. Fails without a namespace, or for a name that cannot be.
  [[nodiscard]] registry::Result<registry::DomainName> service_name(std::string_view app_name);
  // Another spelling that this service is registered under, which is another application for Eureka.
  [[nodiscard]] std::optional<std::string> other_name(const registry::DomainName& service, std::string_view app_name);
  [[nodiscard]] std::string shown_name(const std::string& service_key);  // upper case

  using Applications = std::map<std::string, Application, std::less<>>;  // by folded FQDN; none is empty
  [[nodiscard]] Applications& applications();
  [[nodiscard]] std::size_t size();  // instances

  enum class Index : std::uint8_t { id, vip, secure_vip };
  [[nodiscard]] const std::set<Ref>& find(Index index, std::string_view key);

  [[nodiscard]] std::string hash_code();       // "DOWN_1_UP_2_" over all of them
  [[nodiscard]] registry::Revision version();  // of the last change that is to be seen here
  [[nodiscard]] Changes& changes();

 private:
  void build();
  void forget();
  void note(const registry::ChangeSet& changes);
  bool refresh(const Ref& ref, registry::Mono now);
  void add(const Ref& ref, const Member& member, const Notes& notes);
  void remove(const Ref& ref);
  void file(const Ref& ref, const Member& member, const Notes& notes, bool more);

  App& app_;
  std::string apex_;  // "" until there is one
  Applications applications_;
  std::array<std::map<std::string, std::set<Ref>, std::less<>>, 3> indexes_;
  std::array<std::size_t, kStatuses.size()> counts_{};
  registry::Revision version_ = 1;
  Changes changes_;
  registry::Feed::Subscription subscription_;
};

}  // namespace api::eureka
