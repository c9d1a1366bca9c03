#include "dnsd/answers/consul_names.h"

#include <algorithm>

#include "dnsd/answers/wire_name.h"
#include "dnsd/wire/query.h"

namespace dnsd::answers {
namespace {

template <class Octets>
std::string hex_label(const Octets& octets) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const std::uint8_t octet : octets) out += {kDigits[octet >> 4], kDigits[octet & 15U]};
  return label_wire(out);
}

}  // namespace

std::string consul_parent(std::string_view kind, std::string_view apex, std::string_view datacenter) {
  return label_wire(kind) + label_wire(registry::fold(datacenter)) + std::string(apex);
}

std::vector<std::string> consul_parents(std::string_view kind, std::string_view apex, std::string_view datacenter) {
  const std::string first = label_wire(kind);
  const std::string dc = label_wire(registry::fold(datacenter));
  return {first + std::string(apex), first + dc + std::string(apex), first + dc + label_wire("dc") + std::string(apex)};
}

std::string address_label(const registry::Ipv4& address) { return hex_label(address.octets); }
std::string address_label(const registry::Ipv6& address) { return hex_label(address.octets); }

std::optional<std::string> node_labels(std::string_view node) {
  const auto name = registry::DomainName::parse(node);
  if (!name || name->empty()) return std::nullopt;
  std::string wire = to_wire(name->key());
  wire.pop_back();
  for (std::string_view rest = name->key(); !rest.empty();) {
    const auto dot = rest.find('.');
    if (!registry::is_ldh_label(rest.substr(0, dot))) return std::nullopt;
    rest.remove_prefix(dot == rest.npos ? rest.size() : dot + 1);
  }
  return wire;
}

void add_node_records(const registry::Service& service, const std::string& end, std::uint32_t ttl, SharedRecords& out) {
  for (const auto& [id, instance] : service.instances) {
    if (instance.def->node.empty()) continue;
    const auto labels = node_labels(instance.def->node.view());
    if (!labels || labels->size() + end.size() > kMaxName) continue;
    const auto& addresses = instance.def->addresses;
    const auto add = [&](std::uint16_t type, const auto& octets) {
      out.insert({*labels + end, type, std::string(octets.begin(), octets.end()), ttl});
    };
    if (addresses.v4) add(wire::type::a, addresses.v4->octets);
    if (addresses.v6) add(wire::type::aaaa, addresses.v6->octets);
  }
}

std::string published_name(const registry::Registry& registry, std::string_view text) {
  const auto name = registry::DomainName::parse(text);
  const auto* space = name ? registry.namespace_of(*name) : nullptr;
  if (space == nullptr) return to_wire(text);
  const auto apexes = registry::apexes_of(space->def);
  const auto apex = std::ranges::find(apexes, name->parent_key(), [](const auto& each) { return each.key(); });
  if (apex == apexes.end() || registry::layout_at(space->def, *apex) != registry::Layout::consul) return to_wire(text);
  return label_wire(name->first_label()) + label_wire("service") + to_wire(*apex);
}

}  // namespace dnsd::answers
