#include "dnsd/answers/generation.h"

#include <algorithm>
#include <tuple>

#include "dnsd/answers/consul_names.h"
#include "dnsd/answers/static_tree.h"
#include "dnsd/answers/ticks.h"
#include "dnsd/answers/wire_name.h"
#include "dnsd/answers/zone_builder.h"
#include "dnsd/wire/query.h"

namespace dnsd::answers {
namespace {

std::vector<registry::Prefix> prefixes_of(const PublisherOptions& options) {
  std::vector<registry::Prefix> out;
  for (const ReverseZone& zone : options.reverse) out.push_back(zone.prefix);
  return out;
}

}  // namespace

Generation::Generation(Table& table, Reclaimer& reclaimer, const PublisherOptions& options, const StaticZones& zones)
    : reclaimer_(reclaimer),
      options_(options),
      static_zones_(zones),
      tree_(table, reclaimer),
      prefixes_(prefixes_of(options)),
      shared_(tree_) {}

void Generation::load(const registry::Registry& registry, const registry::Now& now) {
  // All apexes first: what lies under another zone's apex is told by them.
  for (const auto& [key, name_space] : registry.namespaces()) {
    for (const std::string& apex : apexes_of(name_space.def)) apexes_.insert(apex);
  }
  for (const StaticZone& zone : static_zones_.alone) apexes_.insert(zone.apex);
  for (const ReverseZone& reverse : options_.reverse) apexes_.insert(reverse_apex(reverse.prefix));
  for (const StaticZone& zone : static_zones_.alone) add_alone(zone);
  for (const auto& [key, name_space] : registry.namespaces()) add_space(name_space);
  add_reverse_zones(registry);
  for (const auto& [key, service] : registry.services()) put_service(registry, service, now);
  finish();
}

bool Generation::is_apex(std::string_view name) const {
  const Node* node = tree_.find(name);
  return node != nullptr && (node->flags.load(std::memory_order_relaxed) & Node::kApex) != 0;
}

Zone* Generation::add_zone(const std::string& apex, ZoneKind kind) {
  auto zone = std::make_unique<Zone>();
  zone->kind = kind;
  zone->apex = apex;
  zone->labels = static_cast<std::uint8_t>(count_labels(apex));
  apexes_.insert(apex);
  zones_.push_back(std::move(zone));
  return zones_.back().get();
}

StaticOwners Generation::owners_of(const StaticZone* zone, std::string_view place) const {
  return {zone, place, [this](std::string_view name) { return apexes_.contains(name); }};
}

void Generation::set_reverse_serial(const std::string& apex, std::uint32_t serial) {
  for (const auto& zone : zones_) {
    if (zone->kind == ZoneKind::reverse && zone->apex == apex) zone->serial.store(serial, std::memory_order_relaxed);
  }
}

// By the zone that the name lies in: below an apex of ours that is no reverse zone, a zone file has the say.
bool Generation::is_live_reverse(std::string_view name) const {
  while (!apexes_.contains(name) && name.size() > 1) name = parent_wire(name);
  if (!is_apex(name)) return false;
  return tree_.find(name)->zone.load(std::memory_order_relaxed)->kind == ZoneKind::reverse;
}

void Generation::add_alone(const StaticZone& zone) {
  Zone* view = add_zone(zone.apex, ZoneKind::alone);
  view->view.store(static_view(zone).release(), std::memory_order_release);
  view->serial.store(zone.serial, std::memory_order_relaxed);
  view->availability = zone.availability;
  view->denial = Denial::of(zone);
  const StaticOwners owners = owners_of(&zone, zone.apex);
  view->inside = owners.inside();
  tree_.set_apex(tree_.acquire(zone.apex, owners.apex(zone.apex)), view);
  (void)owners.insert_into(tree_, zone.apex);  // they stay as long as the generation
}

void Generation::add_reverse_zones(const registry::Registry& registry) {
  const std::string mname = reverse_server(registry);
  for (const ReverseZone& reverse : options_.reverse) {
    const std::string apex = reverse_apex(reverse.prefix);
    if (is_apex(apex)) continue;  // a zone file stands for it, or two prefixes share it
    Zone* zone = add_zone(apex, ZoneKind::reverse);
    zone->reverse_labels = reverse.prefix.v6 ? 34 : 6;
    if (const auto serial = static_zones_.reverse_serials.find(apex); serial != static_zones_.reverse_serials.end())
      zone->serial.store(serial->second, std::memory_order_relaxed);
    zone->view.store(reverse_view(apex, mname, options_.negative_ttl).release(), std::memory_order_release);
    RecordBuilder records;
    if (!mname.empty()) records.add(wire::type::ns, options_.negative_ttl, mname);
    tree_.set_apex(tree_.acquire(apex, {.service = nullptr, .records = records.build()}), zone);
  }
}

void Generation::add_space(const registry::Namespace& name_space) {
  Space& space = spaces_[name_space.def.name.key()];
  lists_changed_.insert(name_space.def.name.key());
  space.def = name_space.def;
  space.revision = name_space.revision;
  for (const auto& name : registry::apexes_of(name_space.def)) {
    Place place;
    place.apex = fold_wire(to_wire(name));
    place.spelled = to_wire(name);
    place.layout = registry::layout_at(name_space.def, name);
    if (place.layout == registry::Layout::consul) {
      place.ends = consul_parents("service", place.apex, name_space.def.datacenter);
    } else {
      place.ends = {place.apex};
    }
    if (is_apex(place.apex)) continue;
    apexes_.insert(place.apex);
    place.zone = std::make_unique<Zone>();
    place.zone->apex = place.apex;
    place.zone->consul = place.layout == registry::Layout::consul;
    place.zone->on_demand = place.layout == registry::Layout::kubernetes;
    place.zone->labels = static_cast<std::uint8_t>(name.label_count());
    place.zone->serial.store(name_space.serial, std::memory_order_relaxed);
    open_place(space, place);
    space.places.push_back(std::move(place));
  }
}

void Generation::open_place(Space& space, Place& place) {
  const std::string apex = fold_wire(to_wire(space.def.name));
  const auto file = static_zones_.namespaces.find(apex);
  const bool consul = place.layout == registry::Layout::consul;  // there every name is the layout's
  StaticOwners owners =
      owners_of(consul || file == static_zones_.namespaces.end() ? nullptr : &file->second, place.apex);
  retire(std::unique_ptr<const ZoneView>(place.zone->view.exchange(
      namespace_view(space.def, place.spelled, place.layout).release(), std::memory_order_acq_rel)));
  const auto ttl = whole_seconds(space.def.negative_ttl);
  if (space.def.ns.empty()) {
    const std::string ns = fold_wire(name_servers(space.def, place.apex).front());
    if (ns != place.apex && !owners.has(ns)) add_listen_addresses(owners.at(ns), options_.listen_addresses, ttl);
  }
  if (place.layout == registry::Layout::kubernetes) {
    const std::string version = dns_version_name(place.apex);
    if (!owners.has(version)) owners.at(version).add(wire::type::txt, ttl, dns_version_rdata());
  }
  if (place.node == nullptr) place.zone->inside = owners.inside();
  add_name_servers(space.def, place.spelled, owners);
  place.node = &tree_.acquire(place.apex, owners.apex(place.apex));
  tree_.set_apex(*place.node, place.zone.get());
  place.owned = owners.insert_into(tree_, place.apex);
  open_layout(space, place);
}

// The names that a layout has whatever is registered.
void Generation::open_layout(Space& space, Place& place) {
  if (place.layout == registry::Layout::consul) {
    for (const auto* kind : {"service", "node", "addr"}) {
      for (const std::string& name : consul_parents(kind, place.apex, space.def.datacenter))
        place.owned.push_back(&tree_.acquire(name));
    }
    return;
  }
  if (place.layout == registry::Layout::kubernetes)
    place.owned.push_back(&tree_.acquire(label_wire("svc") + place.apex));
  const std::string list = to_wire("_services._dns-sd._udp");
  if (list.size() - 1 + place.apex.size() <= kMaxName) {
    place.services = &tree_.acquire(list.substr(0, list.size() - 1) + place.apex);
  }
}

// Those of the configuration, else those of the zone file, else ns.<apex>.
void Generation::add_name_servers(const registry::NamespaceDef& def, const std::string& apex, StaticOwners& owners) {
  RecordBuilder& records = owners.at(fold_wire(apex));
  if (!def.ns.empty()) records.remove(wire::type::ns);
  if (records.has(wire::type::ns)) return;
  for (std::string& name : name_servers(def, apex)) {
    records.add(wire::type::ns, whole_seconds(def.negative_ttl), std::move(name));
  }
}

void Generation::close_place(Place& place) {
  apexes_.erase(place.apex);
  tree_.set_apex(*place.node, nullptr);
  for (Node* node : place.owned) tree_.withdraw(*node);
  if (place.services != nullptr) tree_.withdraw(*place.services);
  if (place.tcp != nullptr) tree_.release(*place.tcp);
  tree_.withdraw(*place.node);
  retire(std::move(place.zone));
}

bool Generation::put_namespace(const registry::Registry& registry, const registry::Namespace& name_space,
                               const registry::Now& now) {
  const auto at = spaces_.find(name_space.def.name.key());
  if (at == spaces_.end()) {
    const auto apexes = apexes_of(name_space.def);
    const bool taken = std::any_of(apexes.begin(), apexes.end(), [this](const auto& apex) { return tree_.find(apex); });
    if (taken || is_inside_static_zone(name_space.def)) return false;
    add_space(name_space);
    return true;
  }
  Space& space = at->second;
  if (space.revision != name_space.revision) {
    const auto moves = [](const registry::NamespaceDef& def) {
      return std::tie(def.aliases, def.layout, def.consul_aliases, def.datacenter);
    };
    if (moves(space.def) != moves(name_space.def)) return false;
    redefine(registry, space, name_space, now);
  }
  for (const Place& place : space.places) place.zone->serial.store(name_space.serial, std::memory_order_relaxed);
  return true;
}

// Same apexes, other settings: new SOA, name servers, and TTLs and limits for every service of the namespace.
void Generation::redefine(const registry::Registry& registry, Space& space, const registry::Namespace& now_is,
                          const registry::Now& now) {
  space.def = now_is.def;
  space.revision = now_is.revision;
  lists_changed_.insert(now_is.def.name.key());
  for (Place& place : space.places) {
    const std::vector<Node*> before = std::move(place.owned);
    Node* const services = place.services;
    open_place(space, place);  // takes each use anew; those of before go afterwards, so that no name is ever missing
    const std::set<const Node*> kept(place.owned.begin(), place.owned.end());
    for (Node* node : before) kept.contains(node) ? tree_.release(*node) : tree_.withdraw(*node);
    if (services != nullptr) tree_.release(*services);
    tree_.release(*place.node);
  }
  for (const auto& [key, service] : registry.services()) {
    if (service.apex == now_is.def.name.key()) put_service(registry, service, now);
  }
}

std::vector<std::string> Generation::apexes_of(const registry::NamespaceDef& def) {
  std::vector<std::string> apexes;
  for (const auto& name : registry::apexes_of(def)) apexes.push_back(fold_wire(to_wire(name)));
  return apexes;
}

// Such a namespace takes names from a zone file, or gives them back: delegations and their glue change.
bool Generation::is_inside_static_zone(const registry::NamespaceDef& def) const {
  const auto apexes = apexes_of(def);
  const auto holds = [&](const StaticZone& zone) {
    return std::any_of(apexes.begin(), apexes.end(), [&](const std::string& apex) {
      return apex.size() > zone.apex.size() && is_at_or_below(apex, zone.apex);
    });
  };
  return std::any_of(static_zones_.alone.begin(), static_zones_.alone.end(), holds) ||
         std::any_of(static_zones_.namespaces.begin(), static_zones_.namespaces.end(),
                     [&](const auto& entry) { return holds(entry.second); });
}

bool Generation::remove_namespace(const std::string& apex, const registry::Now& now) {
  const auto at = spaces_.find(apex);
  if (at == spaces_.end()) return true;
  if (is_inside_static_zone(at->second.def)) return false;
  std::vector<std::string> keys;
  for (const auto& [key, service] : services_) {
    if (service.apex == apex) keys.push_back(key);
  }
  for (const std::string& key : keys) remove_service(key, now);
  for (Place& place : at->second.places) close_place(place);
  spaces_.erase(at);
  return true;
}

}  // namespace dnsd::answers
