#include "registry/validate.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "registry/faults.h"
#include "registry/text.h"

namespace registry {
namespace {

using namespace std::chrono_literals;
constexpr Millis kDay = 24h;

bool all_ldh(const DomainName& name) {
  const std::string& key = name.key();
  return !key.empty() && !key.starts_with('_') && key.find("._") == key.npos;
}

// A destination that one instance can own: neither unspecified, multicast, broadcast nor an IPv4 address in disguise.
std::string_view address_fault(const Addresses& addresses) {
  if (addresses.v4) {
    const auto& o = addresses.v4->octets;
    if (o[0] == 0) return "0.0.0.0/8 is no destination (RFC 1122 3.2.1.3)";
    if (o[0] >= 224) return "multicast and reserved addresses cannot be an instance's";
  }
  if (addresses.v6) {
    const auto& o = addresses.v6->octets;
    const bool zeros = std::all_of(o.begin(), o.begin() + 10, [](std::uint8_t b) { return b == 0; });
    if (*addresses.v6 == Ipv6{}) return ":: is no destination (RFC 4291 2.5.2)";
    if (o[0] == 0xFF) return "multicast addresses cannot be an instance's";
    if (zeros && o[10] == 0xFF && o[11] == 0xFF) return "register the IPv4 address itself, not its IPv6-mapped form";
  }
  return {};
}

void check_where(const InstanceDef& def, const DomainName& service, Faults& faults) {
  if (def.api_only) {
    faults.require(def.addresses.empty() && def.host.empty(), Path(kRoot, "address"), "exclusive",
                   "\"none\" stands beside neither addresses nor a host name");
    return;
  }
  if (def.host.empty()) {
    faults.require(!def.addresses.empty(), Path(kRoot, "address"), "required",
                   "an instance needs an address or a host name");
    const std::string_view fault = address_fault(def.addresses);
    faults.require(fault.empty(), Path(kRoot, "address"), "invalid_address", fault);
    return;
  }
  faults.require(def.addresses.empty(), Path(kRoot, "host"), "exclusive",
                 "give either a host name or addresses, not both");
  const auto host = DomainName::parse(def.host);
  if (!host) return faults.add(Path(kRoot, "host"), "invalid_name", host.error());
  faults.require(all_ldh(*host), Path(kRoot, "host"), "invalid_name",
                 "no label of a host name begins with an underscore");
  faults.require(!parse_ipv4(def.host), Path(kRoot, "host"), "invalid_name", "is an address: give it as \"address\"");
  faults.require(*host != service, Path(kRoot, "host"), "loop", "is the service's own name");
}

void check_ports(const InstanceDef& def, Faults& faults) {
  faults.require(def.port != 0, Path(kRoot, "port"), "out_of_range", "must be between 1 and 65535");
  faults.require(def.protocols.tcp || def.protocols.udp, Path(kRoot, "protocol"), "required",
                 "must be tcp, udp or both");
  const Path all(kRoot, "ports");
  faults.at_most(def.ports.size(), kMaxPorts, "ports", all);
  std::set<std::string> folded;
  for (const auto& [name, port] : def.ports) {
    const Path at(all, name);
    faults.require(is_ldh_label(name) && name.size() <= kMaxUnderscored, at, "invalid_name",
                   "a port's name is at most 62 letters, digits and inner hyphens: DNS asks for it as _name");
    faults.require(folded.insert(fold(name)).second, at, "duplicate", "another port's name differs only in case");
    faults.require(port.port != 0, Path(at, "port"), "out_of_range", "must be between 1 and 65535");
    faults.require(port.protocols.tcp || port.protocols.udp, Path(at, "protocol"), "required",
                   "must be tcp, udp or both");
    const bool alpn = std::all_of(port.alpn.begin(), port.alpn.end(),
                                  [](const std::string& id) { return !id.empty() && id.size() <= 255; });
    faults.require(alpn && port.alpn.size() <= kMaxAlpn, Path(at, "alpn"), "out_of_range",
                   "must be at most 16 protocol ids of 1 to 255 octets (RFC 7301 3.1)");
  }
}

void check_names(const InstanceDef& def, Faults& faults) {
  faults.require(!def.id.empty(), Path(kRoot, "id"), "empty", "an instance needs an id");
  faults.text(def.id, kMaxId, Path(kRoot, "id"));
  faults.require(is_ldh_label(def.label), Path(kRoot, def.id == def.label ? "id" : "label"), "invalid_label",
                 "must be 1 to 63 letters, digits and inner hyphens: it is a label in DNS");
  faults.text(def.node, kMaxNode, Path(kRoot, "node"));
  faults.require(def.zone.empty() || is_ldh_label(def.zone), Path(kRoot, "zone"), "invalid_label",
                 "must be 1 to 63 letters, digits and inner hyphens: it is a label in DNS");
  const Path tags(kRoot, "tags");
  faults.at_most(def.tags.size(), kMaxTags, "tags", tags);
  for (std::size_t i = 0; i < def.tags.size(); ++i) {
    const Path at(tags, i);
    faults.require(!def.tags[i].empty(), at, "empty", "a tag may not be empty");
    faults.text(def.tags[i], kMaxTag, at);
  }
}

void check_name_servers(const NamespaceDef& def, Faults& faults) {
  const Path all(kRoot, "ns");
  faults.at_most(def.ns.size(), kMaxNameServers, "name servers", all);
  for (std::size_t i = 0; i < def.ns.size(); ++i) {
    const auto name = DomainName::parse(def.ns[i]);
    if (!name) faults.add(Path(all, i), "invalid_name", name.error());
  }
  if (def.hostmaster.empty()) return;
  const auto name = DomainName::parse(def.hostmaster);
  if (!name) faults.add(Path(kRoot, "hostmaster"), "invalid_name", name.error());
}

void check_apexes(const NamespaceDef& def, Faults& faults) {
  const auto apex = [&](const DomainName& name, const Path& at) {
    faults.require(all_ldh(name), at, "invalid_name", "no label of a namespace begins with an underscore");
    faults.require(name.key().size() <= kMaxApex, at, "too_long", [] {
      return fmt::format("must be at most {} octets, so that every name below it can be encoded", kMaxApex);
    });
  };
  apex(def.name, Path(kRoot, "name"));
  std::set<std::string_view> seen{def.name.key()};
  const auto others = [&](const std::vector<DomainName>& names, std::string_view member) {
    const Path all(kRoot, member);
    faults.at_most(names.size(), kMaxNamespaceAliases, "aliases", all);
    for (std::size_t i = 0; i < names.size(); ++i) {
      const Path at(all, i);
      apex(names[i], at);
      faults.require(seen.insert(names[i].key()).second, at, "duplicate", "is named twice");
      faults.require(!names[i].is_below(def.name), at, "loop", "lies below the namespace itself");
    }
  };
  others(def.aliases, "aliases");
  others(def.consul_aliases, "consul_aliases");
}

void check_layout(const NamespaceDef& def, Faults& faults) {
  faults.require(is_datacenter_label(def.datacenter), Path(kRoot, "datacenter"), "invalid_label",
                 "must be one label of letters, digits and inner hyphens, and none of Consul's own names");
  faults.require(def.layout != Layout::kubernetes || (def.aliases.empty() && def.consul_aliases.empty()),
                 Path(kRoot, "layout"), "exclusive", "holds no services itself, so nothing stands under an alias");
}

// Of a JSON text: how many objects and arrays stand within one another.
std::size_t depth_of(std::string_view text) {
  std::size_t depth = 0, most = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') {
      quoted = !quoted;
    } else if (quoted) {
      i += c == '\\';
    } else if (c == '{' || c == '[') {
      most = std::max(most, ++depth);
    } else if ((c == '}' || c == ']') && depth > 0) {
      --depth;
    }
  }
  return most;
}

void check_foreign(const RareText& foreign, Faults& faults) {
  if (foreign.empty()) return;
  const Path at(kRoot, "foreign");
  faults.size(foreign.view(), kMaxForeign, at);
  faults.require(depth_of(foreign.view()) <= kMaxForeignDepth, at, "too_deep",
                 [] { return fmt::format("must be at most {} levels deep", kMaxForeignDepth); });
}

bool is_label_glob(std::string_view text) {
  return !text.empty() && text.size() <= kMaxLabel && std::all_of(text.begin(), text.end(), [](char c) {
    return c == '*' || c == '-' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  });
}

}  // namespace

std::optional<Problem> validate(const InstanceDef& def, const DomainName& service) {
  Faults faults;
  check_names(def, faults);
  check_where(def, service, faults);
  check_ports(def, faults);
  check_meta(def.meta, faults);
  faults.range(def.deregister_after, 0s, 30 * kDay, Path(kRoot, "deregister_after"));
  check_foreign(def.foreign, faults);
  check_checks(def.checks, &def, faults);
  return std::move(faults).problem("instance", def.id);
}

std::optional<Problem> validate(const ServicePolicy& policy, const DomainName& service) {
  Faults faults;
  if (policy.ttl) faults.seconds(*policy.ttl, 0s, kDay, Path(kRoot, "ttl"));
  if (policy.min_ttl) faults.seconds(*policy.min_ttl, 0s, kDay, Path(kRoot, "min_ttl"));
  if (policy.max_answers) faults.number(*policy.max_answers, 0, 10'000, Path(kRoot, "max_answers"));
  if (policy.max_srv) faults.number(*policy.max_srv, 0, 10'000, Path(kRoot, "max_srv"));
  faults.number(policy.fail_open_below, 0, 1, Path(kRoot, "fail_open_below"));
  faults.require(policy.warning_factor > 0 && policy.warning_factor <= 1, Path(kRoot, "warning_factor"), "out_of_range",
                 "must be above 0 and at most 1");
  faults.range(policy.slow_start, 0s, 1h, Path(kRoot, "slow_start"));
  check_meta(policy.meta, faults);
  check_foreign(policy.foreign, faults);
  check_checks(policy.checks, nullptr, faults);
  if (!policy.alias.empty()) {
    const auto target = DomainName::parse(policy.alias);
    if (!target) {
      faults.add(Path(kRoot, "alias"), "invalid_name", target.error());
    } else {
      faults.require(*target != service, Path(kRoot, "alias"), "loop", "is the service itself");
    }
    faults.require(policy.publish == Publish::addresses, Path(kRoot, "publish"), "exclusive",
                   "an alias service has no instances to publish");
  }
  return std::move(faults).problem("service", service.text());
}

std::optional<Problem> validate(const NamespaceDef& def) {
  Faults faults;
  check_apexes(def, faults);
  check_layout(def, faults);
  check_name_servers(def, faults);
  faults.seconds(def.ttl, 0s, kDay, Path(kRoot, "ttl"));
  faults.seconds(def.min_ttl, 0s, kDay, Path(kRoot, "min_ttl"));
  faults.seconds(def.negative_ttl, 0s, kDay, Path(kRoot, "negative_ttl"));
  faults.number(def.max_answers, 0, 10'000, Path(kRoot, "max_answers"));
  faults.number(def.max_srv, 0, 10'000, Path(kRoot, "max_srv"));
  faults.seconds(def.soa_refresh, 1s, 30 * kDay, Path(kRoot, "soa_refresh"));
  faults.seconds(def.soa_retry, 1s, 30 * kDay, Path(kRoot, "soa_retry"));
  faults.seconds(def.soa_expire, 1s, 365 * kDay, Path(kRoot, "soa_expire"));
  check_foreign(def.foreign, faults);
  const Path rules(kRoot, "ttl_rules");
  faults.at_most(def.ttl_rules.size(), kMaxTtlRules, "rules", rules);
  for (std::size_t i = 0; i < def.ttl_rules.size(); ++i) {
    const Path at(rules, i);
    faults.require(is_label_glob(def.ttl_rules[i].match), Path(at, "match"), "invalid_glob",
                   "must be a service label in which '*' stands for any part");
    faults.seconds(def.ttl_rules[i].ttl, 0s, kDay, Path(at, "ttl"));
  }
  return std::move(faults).problem("namespace", def.name.text());
}

std::optional<Problem> validate(const OverrideDef& def) {
  Faults faults;
  faults.require(!def.name.empty(), Path(kRoot, "name"), "empty", "an override needs a name");
  faults.text(def.name, kMaxLabel, Path(kRoot, "name"));
  const Path match(kRoot, "match");
  const auto glob = [&](std::string_view pattern, const Path& at) {
    faults.require(!pattern.empty(), at, "empty", "must be a name, or a glob such as '*'");
    faults.text(pattern, kMaxGlob, at);
  };
  glob(def.service, Path(match, "service"));
  glob(def.instance, Path(match, "instance"));
  glob(def.node, Path(match, "node"));
  faults.text(def.reason, kMaxRemark, Path(kRoot, "reason"));
  faults.text(def.author, kMaxRemark, Path(kRoot, "author"));
  faults.require(!def.expires || *def.expires <= kLatestExpiry, Path(kRoot, "expires"), "out_of_range",
                 "must lie before the year 2200; without it the override stays until it is deleted");
  return std::move(faults).problem("override", def.name);
}

bool is_datacenter_label(std::string_view label) {
  static const std::set<std::string, std::less<>> taken = {"service", "node", "addr", "query", "dc"};
  return is_ldh_label(label) && !taken.contains(fold(label));
}

std::optional<Problem> validate_service_name(const DomainName& name, const DomainName& apex) {
  Faults faults;
  if (!name.is_below(apex) || name.parent_key() != apex.key()) {
    const std::string parent = std::string(name.parent_key());
    faults.add(Path(kRoot, "service"), "too_many_labels",
               fmt::format("must be exactly one label below a namespace, and the namespace here is '{}'", apex.text()));
    auto problem = std::move(faults).problem("service", name.text());
    if (!parent.empty()) problem->hint = fmt::format("create the namespace '{}' first", parent);
    return problem;
  }
  const std::string_view label = name.first_label();
  if (is_reserved_service_label(label)) {
    faults.add(Path(kRoot, "service"), "reserved", "'ns', 'ns1' and labels that begin with '_' are reserved");
  } else {
    faults.require(is_ldh_label(label) && label.size() <= kMaxUnderscored, Path(kRoot, "service"), "invalid_label",
                   "must be 1 to 62 letters, digits and inner hyphens: DNS asks for it as _label too");
  }
  return std::move(faults).problem("service", name.text());
}

}  // namespace registry
