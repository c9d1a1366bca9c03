// The transfer view of a namespace (MECHANISMS 11): what a secondary serves of it. Of a service the addresses of the
// best tier, the SRV, PTR and TXT records of what is listed, and every instance under its own name, all at the
// service's TTL but the own records of one that drains (min_ttl); selectors, `_status` and what varies by client or
// second are the primary's alone.
//
// Control thread; reads immutable blocks and definitions.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "dnsd/answers/block.h"
#include "dnsd/answers/static_zone.h"
#include "dnsd/transfer/records.h"
#include "registry/registry.h"

namespace dnsd::transfer {

// `apex`: wire form, spelled: of the namespace or one of its aliases. `list_ttl`: of _services._dns-sd._udp.
[[nodiscard]] RecordList service_records(const answers::ServiceBlock& block, std::string_view apex,
                                         std::uint32_t list_ttl);

struct SpaceView {
  const registry::NamespaceDef* def = nullptr;
  std::string apex;  // wire form, spelled
  registry::Layout layout = registry::Layout::native;
  const answers::StaticZone* file = nullptr;         // null = none
  std::vector<std::string> listen_addresses;         // of ns.<apex>
  std::vector<const registry::NamespaceDef*> below;  // namespaces inside this one: zone cuts
};
// All but the services and the SOA: name servers, static records, delegations to the namespaces below.
[[nodiscard]] RecordList space_records(const SpaceView& view);

// The whole file but its SOA, occluded names included (RFC 5936 3.5).
[[nodiscard]] RecordList file_records(const answers::StaticZone& zone);

// SOA rdata with this serial.
[[nodiscard]] std::string soa_rdata(const registry::NamespaceDef& def, std::string_view apex, std::uint32_t serial);

}  // namespace dnsd::transfer
