#include "dnsd/serve/access.h"

#include <array>
#include <bit>
#include <cstring>
#include <string_view>

#include "dnsd/answers/wire_name.h"

namespace dnsd::serve {

PrefixList::PrefixList(const std::vector<registry::Prefix>& prefixes) {
  for (const auto& prefix : prefixes) {
    std::array<std::uint8_t, 16> mask{};
    for (unsigned bit = 0; bit < prefix.bits; ++bit) mask[bit / 8] |= static_cast<std::uint8_t>(0x80 >> bit % 8);
    Rule rule{{}, {}, prefix.v6};
    std::memcpy(rule.net, prefix.octets.data(), 16);
    std::memcpy(rule.mask, mask.data(), 16);
    rule.net[0] &= rule.mask[0], rule.net[1] &= rule.mask[1];
    rules_.push_back(rule);
  }
}

Access::Access(const std::vector<registry::Prefix>& clients, const std::vector<ZoneAccess>& zones, std::uint64_t key)
    : all_(clients) {
  if (zones.empty()) return;
  zones_.reserve(zones.size());  // slots point into it
  slots_.resize(std::bit_ceil(2 * zones.size()));
  for (const auto& zone : zones) {
    zones_.push_back({zone.apex, PrefixList(zone.clients), zone.cluster});
    const std::uint64_t hash = answers::HashedName(zone.apex, key).ref().hash[0];
    std::size_t at = hash & (slots_.size() - 1);
    while (slots_[at].zone != nullptr) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = {hash, &zones_.back()};
  }
}

// That with a list whose apex begins at the name's label `first`.
const Access::Zone* Access::find(const answers::NameRef& name, unsigned first) const noexcept {
  const std::uint64_t hash = name.hash[first];
  const std::string_view apex(reinterpret_cast<const char*>(name.label(first)), name.suffix_size(first));
  for (std::size_t at = hash & (slots_.size() - 1); slots_[at].zone != nullptr; at = (at + 1) & (slots_.size() - 1)) {
    if (slots_[at].hash == hash && slots_[at].zone->apex == apex) return slots_[at].zone;
  }
  return nullptr;
}

bool Access::allows(const Client& client, const answers::NameRef& name, unsigned zone_labels) const noexcept {
  if (slots_.empty()) return allows(client);
  const unsigned first = name.labels - zone_labels;
  const Zone* zone = find(name, first);
  if (zone == nullptr && zone_labels > 2 && std::memcmp(name.label(first + 1), "\3svc", 4) == 0) {
    // Namespaces of a cluster come by registration: no file could list them.
    zone = find(name, first + 2);
    if (zone != nullptr && !zone->cluster) zone = nullptr;
  }
  return zone == nullptr ? allows(client) : zone->clients.empty() || zone->clients.contains(client);
}

}  // namespace dnsd::serve
