// (registry, changes) -> immutable blocks behind one name table. The only DNS code that knows the registry.
//
// Owner: the control thread. What it publishes is read by the workers through `Table` (table.h) without locks; an
// answer reads one block, so it comes from one revision of its service. Cost follows the change: publish() encodes
// again only the services that the change set names.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dnsd/answers/reclaim.h"
#include "dnsd/answers/static_zone.h"
#include "registry/registry.h"

namespace dnsd::answers {

class Table;  // the readers' side, table.h

struct ReverseZone {
  registry::Prefix prefix;  // cut at octet (IPv4) or nibble (IPv6) boundaries
};

// Seconds: how long a "no" is good that no registration can change (RFC 2308; DESIGN section 4).
inline constexpr std::uint32_t kNegativeTtl = 60;

struct PublisherOptions {
  std::vector<std::string> listen_addresses;  // of the name server itself: ns.<apex> A/AAAA
  std::vector<ReverseZone> reverse;
  std::uint32_t negative_ttl = kNegativeTtl;
  // When a block was replaced: read after the swap, for `now` of a large publish is long past by then.
  std::function<registry::Mono()> clock = std::chrono::steady_clock::now;
};

class Publisher {
 public:
  Publisher(PublisherOptions options, Reclaimer& reclaimer);
  ~Publisher();

  [[nodiscard]] const Table& table() const;

  // The zone files: of namespaces (by apex) and stand-alone zones. Replaces all of them at once; publish_all() follows.
  void set_static_zones(std::vector<StaticZone> namespaces, std::vector<StaticZone> alone);
  // Everything anew (start, reload). After the first call the table is ready: until then every in-zone query is
  // SERVFAIL + EDE 14.
  void publish_all(const registry::Registry& registry, const registry::Now& now);
  void publish(const registry::Registry& registry, const registry::ChangeSet& changes, const registry::Now& now);

  // The SOA serial of a [[reverse]] zone, for those who follow it; other zones bring their own.
  void set_reverse_serial(const std::string& apex, std::uint32_t serial);

  // What a drain counts from: no copy of an answer of this service lives longer than its TTL from then on, and no
  // address that was asked for because of such a copy longer than its min_ttl more. Unset = none sent since start.
  [[nodiscard]] std::optional<registry::Mono> last_answered(std::string_view service) const;

  struct Stats {
    std::size_t names = 0, blocks = 0, bytes = 0, retired = 0;
    std::size_t fail_open = 0;  // services answered with what is not available
    std::uint64_t published = 0;
  };
  [[nodiscard]] Stats stats() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dnsd::answers
