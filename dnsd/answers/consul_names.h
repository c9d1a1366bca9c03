// Names of Consul's layout in wire form, as the publisher and the transfers make them: payment.service.dc1.consul,
// n1.node.consul, 0a000001.addr.dc1.consul. What of them is no entry of the table is read by dnsd/serve
// (respond_consul.cc). Control thread; allocates.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dnsd/answers/shared_names.h"
#include "registry/registry.h"

namespace dnsd::answers {

// Each kind of name stands below the apex itself and below the datacenter, which is written in two ways:
// service.consul, service.dc1.consul, service.dc1.dc.consul. `kind`: "service", "node", "addr".
[[nodiscard]] std::vector<std::string> consul_parents(std::string_view kind, std::string_view apex,
                                                      std::string_view datacenter);
// The one of them that names in answers end with: service.dc1.consul. Spelled as the apex is.
[[nodiscard]] std::string consul_parent(std::string_view kind, std::string_view apex, std::string_view datacenter);

// The label of an address: 8 or 32 hexadecimal digits.
[[nodiscard]] std::string address_label(const registry::Ipv4& address);
[[nodiscard]] std::string address_label(const registry::Ipv6& address);

// A node's labels, folded, without the octet that ends a name. Nothing: no name, or none that can be asked for.
[[nodiscard]] std::optional<std::string> node_labels(std::string_view node);

// The addresses that the service's instances give their nodes; `end` is node.<apex> or below a datacenter.
void add_node_records(const registry::Service& service, const std::string& end, std::uint32_t ttl, SharedRecords& out);

// The service that the name stands for, as DNS names it: web.corp, or web.service.consul where its namespace has that
// layout. Other names stay as they are.
[[nodiscard]] std::string published_name(const registry::Registry& registry, std::string_view name);

}  // namespace dnsd::answers
