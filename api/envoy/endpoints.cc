#include "api/envoy/endpoints.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <iterator>
#include <map>

namespace api::envoy {
namespace {

namespace json = boost::json;
using registry::DomainName;
using registry::Instance;
using registry::Protocol;
using registry::Reason;
using registry::Service;

constexpr std::size_t kMaxLinks = 8;  // of aliases, as where they are written
constexpr std::size_t kMaxPriorities =
    129;  // Envoy refuses an assignment with one beyond 128 (endpoint_components.proto)
constexpr std::size_t kKeptText = 1 << 20;  // some 6,000 endpoints; 16 of them are 16 MiB at most

struct Port {
  std::uint16_t number = 0;
  bool udp = false;
};

std::optional<Port> port_of(const registry::InstanceDef& def, const Asked& asked) {
  if (asked.port.empty()) {
    if (!def.port) return std::nullopt;
    return Port{*def.port, !def.protocols.tcp};
  }
  const auto named = [&](const auto& each) { return registry::fold(each.first) == asked.port; };
  const auto at = std::ranges::find_if(def.ports, named);
  if (at == def.ports.end() || !at->second.protocols.has(asked.protocol)) return std::nullopt;
  return Port{at->second.port, asked.protocol == Protocol::udp};
}

// One family: an endpoint has one address. IPv4, unless IPv6 alone is available.
std::string address_of(const Instance& instance) {
  const auto& addresses = instance.addresses();
  const bool v6_alone = addresses.v6 && instance.available_v6 && !instance.available_v4;
  if (addresses.v4 && !v6_alone) return to_string(*addresses.v4);
  return addresses.v6 ? to_string(*addresses.v6) : std::string();
}

bool shown(const Instance& instance) {
  if (instance.reason == Reason::override_down) return false;
  return instance.available || instance.ever_passed || !instance.checks || instance.checks->empty();
}

std::string_view health_of(const Instance& instance) {
  if (instance.drain_started) return "DRAINING";
  if (!instance.available) return "UNHEALTHY";
  return instance.state == registry::CheckState::warning ? "DEGRADED" : "HEALTHY";
}

json::object endpoint_of(const Instance& instance, std::string address, Port port) {
  json::object socket{{"address", std::move(address)}, {"port_value", port.number}};
  if (port.udp) socket["protocol"] = "UDP";
  json::object endpoint{{"address", json::object{{"socket_address", std::move(socket)}}}};
  return {{"endpoint", std::move(endpoint)},
          {"health_status", health_of(instance)},
          {"load_balancing_weight", std::max<int>(instance.effective_weight, 1)}};  // Envoy refuses 0
}

// The instances of one SRV priority, by zone.
class Tier {
 public:
  void add(const Instance& instance, std::string address, Port port) {
    weighted_ |= instance.available && instance.effective_weight > 0;
    members_.push_back({&instance, std::move(address), port});
  }
  void take(Tier&& other) {
    weighted_ |= other.weighted_;
    std::ranges::move(other.members_, std::back_inserter(members_));
  }
  // Weight 0 = only when all are 0, as in DNS.
  [[nodiscard]] std::map<std::string_view, json::array> by_zone() const {
    std::map<std::string_view, json::array> zones;
    for (const auto& [instance, address, port] : members_) {
      if (weighted_ && instance->available && instance->effective_weight == 0) continue;
      zones[instance->def->zone].push_back(endpoint_of(*instance, address, port));
    }
    return zones;
  }

 private:
  struct Member {
    const Instance* instance;
    std::string address;
    Port port;
  };
  std::vector<Member> members_;
  bool weighted_ = false;
};

// Envoy wants priorities from 0 without a gap; ours are any numbers of SRV.
json::array localities_of(const std::map<std::uint16_t, Tier>& tiers) {
  json::array out;
  int priority = 0;
  for (const auto& [srv_priority, tier] : tiers) {
    auto zones = tier.by_zone();
    for (auto& [zone, endpoints] : zones) {
      json::object locality;
      if (!zone.empty()) locality["locality"] = json::object{{"zone", zone}};
      if (priority > 0) locality["priority"] = priority;
      locality["lb_endpoints"] = std::move(endpoints);
      out.push_back(std::move(locality));
    }
    if (!zones.empty()) ++priority;
  }
  return out;
}

std::string assignment(const std::string& name, const Service* service, const Asked& asked) {
  std::map<std::uint16_t, Tier> tiers;
  if (service && !service->shadowed) {
    for (const auto& [id, instance] : service->instances) {
      const auto port = port_of(*instance.def, asked);
      auto address = address_of(instance);
      if (port && !address.empty() && shown(instance)) {
        tiers[instance.def->priority].add(instance, std::move(address), *port);
      }
    }
  }
  while (tiers.size() > kMaxPriorities) {
    auto last = tiers.extract(std::prev(tiers.end()));
    tiers.rbegin()->second.take(std::move(last.mapped()));
  }
  json::object out{{"@type", kEndpointsType}, {"cluster_name", name}};
  if (auto localities = localities_of(tiers); !localities.empty()) out["endpoints"] = std::move(localities);
  return json::serialize(out);
}

}  // namespace

std::optional<Asked> parse_resource(std::string_view name) {
  Asked asked;
  if (name.starts_with('_')) {
    const auto first = name.find('.');
    const auto second = first == name.npos ? name.npos : name.find('.', first + 1);
    if (second == name.npos) return std::nullopt;
    const auto protocol = registry::fold(name.substr(first + 1, second - first - 1));
    if (protocol != "_tcp" && protocol != "_udp") return std::nullopt;
    asked.port = registry::fold(name.substr(1, first - 1));
    if (asked.port.empty()) return std::nullopt;
    if (protocol == "_udp") asked.protocol = Protocol::udp;
    name.remove_prefix(second + 1);
  }
  auto service = DomainName::parse(name);
  if (!service) return std::nullopt;
  asked.service = *std::move(service);
  return asked;
}

Chain follow(const registry::Registry& registry, const DomainName& name) {
  Chain chain;
  auto next = std::optional(name);
  while (next && chain.keys.size() <= kMaxLinks) {
    const auto* service = registry.find_service(next->key());
    chain.keys.push_back(next->key());
    chain.states.push_back(service ? service->index : 0);
    if (!service) return chain;
    if (service->policy.alias.empty()) {
      chain.last = service;
      return chain;
    }
    const auto target = DomainName::parse(service->policy.alias);
    next = target ? std::optional(*target) : std::nullopt;
  }
  return chain;
}

const std::string& Assignments::text(const std::string& name) {
  const auto asked = parse_resource(name);
  if (!asked) {  // no service can be called so: a cluster that has endpoints from elsewhere
    large_ = assignment(name, nullptr, {});
    return large_;
  }
  auto chain = follow(app_.registry(), asked->service);
  auto& made = made_[std::hash<std::string>{}(name) % made_.size()];
  if (made.name == name && made.states == chain.states && !made.text.empty()) return made.text;
  auto text = assignment(name, chain.last, *asked);
  if (text.size() > kKeptText) {
    large_ = std::move(text);
    return large_;
  }
  made = {name, std::move(chain.states), std::move(text)};
  return made.text;
}

}  // namespace api::envoy
