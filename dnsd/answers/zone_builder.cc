#include "dnsd/answers/zone_builder.h"

#include <algorithm>
#include <cassert>
#include <chrono>

#include "dnsd/answers/consul_names.h"
#include "dnsd/answers/ticks.h"
#include "dnsd/answers/wire_name.h"
#include "dnsd/wire/writer.h"

namespace dnsd::answers {
namespace {

std::string wire_or(std::string_view text, const std::string& fallback) {
  const auto name = registry::DomainName::parse(text);
  return name && !name->empty() ? to_wire(*name) : fallback;
}

// A label in front of an apex; apexes that leave no room for it get the apex itself.
std::string below(std::string_view label, std::string_view apex) {
  return label.size() + 1 + apex.size() > kMaxName ? std::string(apex) : label_wire(label) + std::string(apex);
}

struct SoaTimes {
  std::uint32_t refresh = 60, retry = 10, expire = 86'400;
};

std::unique_ptr<ZoneView> make_view(std::string_view apex, std::string_view mname, std::string_view rname,
                                    SoaTimes times, std::uint32_t minimum) {
  auto view = std::make_unique<ZoneView>();
  view->apex_size = static_cast<std::uint8_t>(apex.size());
  std::copy(apex.begin(), apex.end(), view->apex.begin());
  auto* p = std::copy(mname.begin(), mname.end(), view->soa.begin());
  p = std::copy(rname.begin(), rname.end(), p);
  wire::put32(p, 0);  // the serial is patched in while answering
  wire::put32(p + 4, times.refresh);
  wire::put32(p + 8, times.retry);
  wire::put32(p + 12, times.expire);
  wire::put32(p + 16, minimum);
  view->soa_size = static_cast<std::uint16_t>(p + 20 - view->soa.begin());
  view->negative_ttl = minimum;
  return view;
}

}  // namespace

std::vector<std::string> name_servers(const registry::NamespaceDef& def, std::string_view apex) {
  std::vector<std::string> out;
  for (const std::string& text : def.ns) {
    const auto name = registry::DomainName::parse(text);
    if (name && !name->empty()) out.push_back(to_wire(*name));
  }
  if (out.empty()) out.push_back(below("ns", apex));
  return out;
}

std::string dns_version_name(std::string_view apex) { return label_wire("dns-version") + std::string(apex); }
std::string dns_version_rdata() { return label_wire("1.1.0"); }  // a character-string looks like a label

std::unique_ptr<const ZoneView> namespace_view(const registry::NamespaceDef& def, std::string_view apex,
                                               registry::Layout layout) {
  auto view = make_view(apex, name_servers(def, apex).front(), wire_or(def.hostmaster, below("hostmaster", apex)),
                        {whole_seconds(def.soa_refresh), whole_seconds(def.soa_retry), whole_seconds(def.soa_expire)},
                        whole_seconds(def.negative_ttl));
  if (layout != registry::Layout::consul) return view;
  const std::string addr = consul_parent("addr", apex, def.datacenter);
  view->addr_size = static_cast<std::uint8_t>(addr.size());
  std::copy(addr.begin(), addr.end(), view->addr.begin());
  // Who looks up a target in its SRV record's last moment keeps the address as long as a drain counts on.
  view->addr_ttl = whole_seconds(def.min_ttl);
  return view;
}

std::unique_ptr<const ZoneView> static_view(const StaticZone& zone) {
  const auto soa = std::find_if(zone.records.begin(), zone.records.end(),
                                [](const StaticRecord& r) { return r.type == wire::type::soa; });
  assert(soa != zone.records.end());  // the reader of zone files demands one of a stand-alone zone
  auto view = std::make_unique<ZoneView>();
  view->apex_size = static_cast<std::uint8_t>(soa->owner.size());
  std::copy(soa->owner.begin(), soa->owner.end(), view->apex.begin());
  std::copy(soa->rdata.begin(), soa->rdata.end(), view->soa.begin());
  view->soa_size = static_cast<std::uint16_t>(soa->rdata.size());
  view->soa_ttl = soa->ttl;
  view->negative_ttl = std::min(soa->ttl, wire::get32(view->soa.data() + view->soa_size - 4));  // RFC 2308 5
  return view;
}

std::unique_ptr<const ZoneView> reverse_view(std::string_view apex, std::string_view mname,
                                             std::uint32_t negative_ttl) {
  return make_view(apex, mname.empty() ? below("ns", apex) : std::string(mname), below("hostmaster", apex), {},
                   negative_ttl);
}

std::string reverse_server(const registry::Registry& registry) {
  if (registry.namespaces().empty()) return {};
  const auto& def = registry.namespaces().begin()->second.def;
  return name_servers(def, to_wire(def.name)).front();
}

void add_listen_addresses(RecordBuilder& records, const std::vector<std::string>& addresses, std::uint32_t ttl) {
  for (const std::string& text : addresses) {
    if (const auto v4 = registry::parse_ipv4(text); v4 && *v4 != registry::Ipv4{}) {
      records.add(wire::type::a, ttl, std::string(v4->octets.begin(), v4->octets.end()));
    } else if (const auto v6 = registry::parse_ipv6(text); v6 && *v6 != registry::Ipv6{}) {
      records.add(wire::type::aaaa, ttl, std::string(v6->octets.begin(), v6->octets.end()));
    }
  }
}

}  // namespace dnsd::answers
