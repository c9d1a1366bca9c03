#include "dnsd/answers/reverse.h"

#include <algorithm>

#include "dnsd/answers/wire_name.h"
#include "dnsd/wire/query.h"

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

Pointers pointers_of(const registry::Service& service, std::span<const registry::Prefix> prefixes) {
  Pointers out;
  if (prefixes.empty() || service.shadowed || !service.policy.alias.empty()) return out;
  const auto covered = [&](const auto& address, bool v6) {
    return address && std::ranges::any_of(prefixes, [&](const auto& p) { return p.v6 == v6 && p.contains(*address); });
  };
  const std::string tail = to_wire(service.name);
  for (const auto& [id, instance] : service.instances) {
    const auto& addresses = instance.def->addresses;
    const std::string target = label_wire(instance.def->label) + tail;
    if (target.size() > kMaxName) continue;
    if (covered(addresses.v4, false)) out.emplace(reverse_name(*addresses.v4), target);
    if (covered(addresses.v6, true)) out.emplace(reverse_name(*addresses.v6), target);
  }
  return out;
}

ReverseNames::Pointers ReverseNames::pointers_of(const registry::Service& service) const {
  Pointers out = answers::pointers_of(service, prefixes_);
  std::erase_if(out, [&](const auto& pointer) { return !is_ours_(pointer.first); });
  return out;
}

void ReverseNames::replace(const Pointers& before, std::uint32_t before_ttl, const Pointers& after, std::uint32_t ttl) {
  std::set<std::string> touched;
  for (const auto& [reverse, target] : after) {
    if (ttl == before_ttl && before.contains({reverse, target})) continue;
    names_[reverse].targets[target].insert(ttl);
    touched.insert(reverse);
  }
  for (const auto& [reverse, target] : before) {
    if (ttl == before_ttl && after.contains({reverse, target})) continue;
    auto& targets = names_[reverse].targets;
    auto& ttls = targets[target];
    if (const auto one = ttls.find(before_ttl); one != ttls.end()) ttls.erase(one);
    if (ttls.empty()) targets.erase(target);
    touched.insert(reverse);
  }
  for (const std::string& reverse : touched) rebuild(reverse);
}

void ReverseNames::rebuild(const std::string& reverse) {
  Name& name = names_[reverse];
  if (name.targets.empty()) {
    if (name.node != nullptr) tree_.withdraw(*name.node);
    names_.erase(reverse);
    return;
  }
  RecordBuilder records;
  for (const auto& [target, ttls] : name.targets) records.add(wire::type::ptr, *ttls.begin(), target);
  if (name.node == nullptr) {
    name.node = &tree_.acquire(reverse, {.service = nullptr, .records = records.build()});
  } else {
    tree_.set_records(*name.node, records.build());
  }
}

}  // namespace dnsd::answers
