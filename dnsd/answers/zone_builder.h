// The records that a zone has of itself: SOA, name servers and their addresses. Control thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dnsd/answers/records.h"
#include "dnsd/answers/static_zone.h"
#include "dnsd/answers/zone.h"
#include "registry/registry.h"

namespace dnsd::answers {

// `apex` is the wire name as spelled, of the namespace itself or of one of its aliases: the view is in those terms.
[[nodiscard]] std::unique_ptr<const ZoneView> namespace_view(const registry::NamespaceDef& def, std::string_view apex,
                                                             registry::Layout layout);
// Kubernetes' DNS-based service discovery, specification 1.1.0: what dns-version.<zone> says (section 2.2).
[[nodiscard]] std::string dns_version_name(std::string_view apex);
[[nodiscard]] std::string dns_version_rdata();
[[nodiscard]] std::unique_ptr<const ZoneView> static_view(const StaticZone& zone);
[[nodiscard]] std::unique_ptr<const ZoneView> reverse_view(std::string_view apex, std::string_view mname,
                                                           std::uint32_t negative_ttl);

// Who serves the reverse zones: the first name server of the first namespace; "" = there is none.
[[nodiscard]] std::string reverse_server(const registry::Registry& registry);

// The names of the namespace's name servers, wire form: as configured, else ns.<apex>.
[[nodiscard]] std::vector<std::string> name_servers(const registry::NamespaceDef& def, std::string_view apex);
// A and AAAA of our own listen addresses; texts that are no address, or the unspecified one, are left out.
void add_listen_addresses(RecordBuilder& records, const std::vector<std::string>& addresses, std::uint32_t ttl);

}  // namespace dnsd::answers
