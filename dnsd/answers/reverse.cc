#include "dnsd/answers/reverse.h"

#include <algorithm>

#include "dnsd/answers/consul_names.h"
#include "dnsd/answers/wire_name.h"

namespace dnsd::answers {
namespace {

constexpr char kHex[] = "0123456789abcdef";

std::string nibbles(const std::array<std::uint8_t, 16>& octets, unsigned count) {
  std::string out;
  for (unsigned i = count; i-- > 0;) {
    const unsigned nibble = i % 2 == 0 ? octets[i / 2] >> 4 : octets[i / 2] & 15U;
    out += {'\1', kHex[nibble]};
  }
  return out + to_wire("ip6.arpa");
}

template <class Octets>
std::string decimals(const Octets& octets, unsigned count) {
  std::string out;
  for (unsigned i = count; i-- > 0;) out += label_wire(std::to_string(octets[i]));
  return out + to_wire("in-addr.arpa");
}

}  // namespace

std::string reverse_name(const registry::Ipv4& address) { return decimals(address.octets, 4); }
std::string reverse_name(const registry::Ipv6& address) { return nibbles(address.octets, 32); }

std::string reverse_apex(const registry::Prefix& prefix) {
  return prefix.v6 ? nibbles(prefix.octets, prefix.bits / 4) : decimals(prefix.octets, prefix.bits / 8);
}

namespace {

std::string target_of(const registry::Service& service, const registry::NamespaceDef& space,
                      const registry::InstanceDef& def) {
  if (space.layout != registry::Layout::consul) return label_wire(def.label) + to_wire(service.name);
  const std::string apex = to_wire(space.name);
  const auto node = node_labels(def.node.view());
  return node ? *node + consul_parent("node", apex, space.datacenter)
              : label_wire(service.name.first_label()) + consul_parent("service", apex, space.datacenter);
}

}  // namespace

Pointers pointers_of(const registry::Service& service, const registry::NamespaceDef& space,
                     std::span<const registry::Prefix> prefixes) {
  Pointers out;
  if (prefixes.empty() || service.shadowed || !service.policy.alias.empty()) return out;
  const auto covered = [&](const auto& address, bool v6) {
    return address && std::ranges::any_of(prefixes, [&](const auto& p) { return p.v6 == v6 && p.contains(*address); });
  };
  for (const auto& [id, instance] : service.instances) {
    const auto& addresses = instance.def->addresses;
    const std::string target = target_of(service, space, *instance.def);
    if (target.size() > kMaxName) continue;
    if (covered(addresses.v4, false)) out.emplace(reverse_name(*addresses.v4), target);
    if (covered(addresses.v6, true)) out.emplace(reverse_name(*addresses.v6), target);
  }
  return out;
}

}  // namespace dnsd::answers
