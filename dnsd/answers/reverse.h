// Reverse zones: the PTR records of the registered instances. Control thread.
#pragma once

#include <set>
#include <span>
#include <string>
#include <utility>

#include "registry/registry.h"

namespace dnsd::answers {

[[nodiscard]] std::string reverse_name(const registry::Ipv4& address);  // wire, folded
[[nodiscard]] std::string reverse_name(const registry::Ipv6& address);
// The apex of the zone for a prefix, cut at octet (IPv4) or nibble (IPv6) boundaries: a longer prefix gets the zone of
// the boundary above it.
[[nodiscard]] std::string reverse_apex(const registry::Prefix& prefix);

// What a service has to say in the blocks: (reverse name, target), both wire names. `space` is its namespace: in
// Consul's layout the target is the node, or the service where none is known.
using Pointers = std::set<std::pair<std::string, std::string>>;
[[nodiscard]] Pointers pointers_of(const registry::Service& service, const registry::NamespaceDef& space,
                                   std::span<const registry::Prefix> prefixes);

}  // namespace dnsd::answers
