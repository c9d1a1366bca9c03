// Reverse zones: PTR records of the registered instances, kept live.
//
// Owner: the control thread. Cost of a change = the addresses of the service that changed.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "dnsd/answers/name_tree.h"
#include "registry/registry.h"

namespace dnsd::answers {

[[nodiscard]] std::string reverse_name(const registry::Ipv4& address);  // wire, folded
[[nodiscard]] std::string reverse_name(const registry::Ipv6& address);
// The apex of the zone for a prefix, cut at octet (IPv4) or nibble (IPv6) boundaries: a longer prefix gets the zone of
// the boundary above it.
[[nodiscard]] std::string reverse_apex(const registry::Prefix& prefix);

// What a service has to say in the blocks: (reverse name, target), both wire names.
using Pointers = std::set<std::pair<std::string, std::string>>;
[[nodiscard]] Pointers pointers_of(const registry::Service& service, std::span<const registry::Prefix> prefixes);

class ReverseNames {
 public:
  // `is_ours`: no zone file stands for the reverse name; static records are never written over.
  ReverseNames(NameTree& tree, std::vector<registry::Prefix> prefixes, std::function<bool(std::string_view)> is_ours)
      : tree_(tree), prefixes_(std::move(prefixes)), is_ours_(std::move(is_ours)) {}

  using Pointers = answers::Pointers;
  [[nodiscard]] Pointers pointers_of(const registry::Service& service) const;
  // Replaces what the service said before. `ttl` in seconds; a name's set has the smallest of its targets'.
  void replace(const Pointers& before, std::uint32_t before_ttl, const Pointers& after, std::uint32_t ttl);

 private:
  struct Name {
    Node* node = nullptr;
    std::map<std::string, std::multiset<std::uint32_t>> targets;  // target -> TTLs of those that say so
  };
  void rebuild(const std::string& reverse);

  NameTree& tree_;
  std::vector<registry::Prefix> prefixes_;
  std::function<bool(std::string_view)> is_ours_;
  std::unordered_map<std::string, Name> names_;
};

}  // namespace dnsd::answers
