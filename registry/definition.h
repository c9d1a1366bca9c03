// The facts that users write: namespaces, services (their policy), instances, checks, overrides.
// Plain values, no behaviour. `registry/validate.h` is the only door into the registry: what passed it can be
// encoded as DNS records. `registry/codec` writes and reads them as the JSON of HTTP.md.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "registry/basics.h"
#include "registry/check_list.h"
#include "registry/flat_map.h"
#include "registry/names.h"
#include "registry/rare_text.h"

namespace registry {

using Meta = FlatMap<std::string>;

enum class Protocol : std::uint8_t { tcp, udp };

struct Protocols {  // a port may be offered on both
  bool tcp = true;
  bool udp = false;
  bool operator==(const Protocols&) const = default;
  [[nodiscard]] bool has(Protocol p) const { return p == Protocol::tcp ? tcp : udp; }
};

struct NamedPort {
  std::uint16_t port = 0;
  Protocols protocols;
  std::vector<std::string> alpn;  // RFC 9460: makes an HTTPS record of the port
  bool operator==(const NamedPort&) const = default;
};

struct InstanceDef {
  std::string id;     // opaque, 1..255 octets, unique in its service
  std::string label;  // LDH, at most 63, unique folded in its service; the native API wants id == label
  RareText node;      // "" = none
  Addresses addresses;
  RareText host;  // a host name instead of addresses; "" = none
  std::optional<std::uint16_t> port;
  Protocols protocols;
  bool api_only = false;  // has no address: the API alone tells of it, DNS never answers it
  FlatMap<NamedPort> ports;
  std::uint16_t priority = 1;
  std::uint16_t weight = 10;
  std::optional<std::uint16_t> weight_warning;  // weight while warning; else weight x the service's warning_factor
  RareText zone;                                // locality, LDH or ""
  std::vector<std::string> tags;                // sorted, unique
  Meta meta;
  Millis deregister_after{600'000};  // how long an expired lease is kept
  CheckList checks;                  // with the lease, if any, as the check named "lease"
  // What another interface (Consul's, ...) has to give back and nothing here reads: a JSON object by the name of the
  // interface, as text. "" = none.
  RareText foreign;
  bool operator==(const InstanceDef&) const = default;
};

enum class Order : std::uint8_t { weighted, sticky, stable };
enum class OnEmpty : std::uint8_t { nodata, fail_open, servfail };
enum class Publish : std::uint8_t { addresses, cname };

// A service's policy. Unset optionals follow the namespace.
struct ServicePolicy {
  std::optional<Millis> ttl;  // whole seconds, 0 .. 1 day
  std::optional<Millis> min_ttl;
  std::optional<int> max_answers;  // addresses per answer, 0 = all
  std::optional<int> max_srv;
  Order order = Order::weighted;
  OnEmpty on_empty = OnEmpty::nodata;
  double fail_open_below = 0.0;  // 0 .. 1
  bool only_passing = false;     // warning is not available
  double warning_factor = 1.0;   // weight factor of a warning instance, (0, 1]
  Millis slow_start{};
  Meta meta;
  // What another interface (AWS Cloud Map's, ...) has to give back and nothing here reads, never in DNS: a JSON object
  // by the name of the interface, as text. "" = none.
  RareText foreign;
  std::string alias;  // CNAME target, ours or foreign; "" = none
  Publish publish = Publish::addresses;
  CheckList checks;  // template for instances without checks of their own
  bool operator==(const ServicePolicy&) const = default;
};

struct TtlRule {  // [[namespace.ttl]]: match is a glob over the service label; exact beats longer prefix beats shorter
  std::string match;
  Millis ttl{};
  bool operator==(const TtlRule&) const = default;
};

// How DNS names what a namespace holds (docs/layouts.md).
enum class Layout : std::uint8_t {
  native,
  consul,      // payment.service.consul
  kubernetes,  // no services of its own: web.prod.svc.cluster.local is of a namespace below, made when it is wanted
};

struct NamespaceDef {
  DomainName name;
  std::vector<DomainName> aliases;  // the same namespace under other apexes
  Layout layout = Layout::native;
  std::vector<DomainName> consul_aliases;  // as aliases, in Consul's layout
  std::string datacenter = "dc1";          // Consul's layout: payment.service.dc1.consul
  Millis ttl{5000};
  Millis min_ttl{1000};
  Millis negative_ttl{60'000};  // SOA MINIMUM: the TTL of a denial that no registration could change
  int max_answers = 8;
  int max_srv = 0;
  std::vector<TtlRule> ttl_rules;
  std::vector<std::string> ns;  // names of name servers; empty = "ns.<apex>" with the listen addresses
  std::string hostmaster;       // SOA RNAME as a domain name; empty = "hostmaster.<apex>"
  Millis soa_refresh{60'000};
  Millis soa_retry{10'000};
  Millis soa_expire{86'400'000};
  RareText foreign;  // as a service's
  bool operator==(const NamespaceDef&) const = default;
};

// The names under which it stands, its own first.
[[nodiscard]] inline std::vector<DomainName> apexes_of(const NamespaceDef& def) {
  std::vector<DomainName> out{def.name};
  out.insert(out.end(), def.aliases.begin(), def.aliases.end());
  out.insert(out.end(), def.consul_aliases.begin(), def.consul_aliases.end());
  return out;
}
// Of the names below `apex`, which is one of them.
[[nodiscard]] inline Layout layout_at(const NamespaceDef& def, const DomainName& apex) {
  const auto& consul = def.consul_aliases;
  return std::find(consul.begin(), consul.end(), apex) != consul.end() ? Layout::consul : def.layout;
}

struct OverrideDef {
  std::string name;
  std::string service = "*", instance = "*", node = "*";  // globs, '*' only; folded for service and node
  std::optional<Prefix> address;
  bool up = false;  // false = down
  std::string reason;
  std::string author;
  std::optional<Wall> expires;
  bool operator==(const OverrideDef&) const = default;
};

}  // namespace registry
