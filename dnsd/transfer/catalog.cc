#include "dnsd/transfer/catalog.h"

#include <algorithm>

#include "dnsd/answers/block_builder.h"
#include "dnsd/answers/reverse.h"
#include "dnsd/answers/ticks.h"
#include "dnsd/answers/wire_name.h"
#include "dnsd/transfer/view.h"
#include "dnsd/wire/message.h"
#include "dnsd/wire/query.h"

namespace dnsd::transfer {
namespace {

std::string apex_of(const registry::DomainName& name) { return answers::fold_wire(answers::to_wire(name)); }

Soa soa_of(const registry::Namespace& space, const std::string& spelled) {
  return {space.serial, 1, soa_rdata(space.def, spelled, space.serial)};  // its own TTL: DESIGN section 4
}

registry::Layout layout_of(const registry::NamespaceDef& def, const std::string& apex) {
  for (const auto& name : registry::apexes_of(def)) {
    if (apex_of(name) == apex) return registry::layout_at(def, name);
  }
  return def.layout;
}

std::uint32_t list_ttl(const registry::Namespace& space) { return answers::whole_seconds(space.def.ttl); }

}  // namespace

Catalog::Catalog(registry::Registry& registry, std::vector<std::string> listen_addresses, Moved moved)
    : registry_(registry), listen_addresses_(std::move(listen_addresses)), moved_(std::move(moved)) {}

// The namespace that stands at this apex, and how the apex is spelled.
std::pair<const registry::Namespace*, std::string> Catalog::find_space(const std::string& apex) const {
  for (const auto& [key, space] : registry_.namespaces()) {
    for (const auto& name : registry::apexes_of(space.def)) {
      if (apex_of(name) == apex) return {&space, answers::to_wire(name)};
    }
  }
  return {nullptr, {}};
}

void Catalog::configure(const Settings& settings, const Zones& zones, const registry::Now& now) {
  std::erase_if(entries_, [&](const auto& each) {
    const auto* zone = settings.find(each.first);
    return zone == nullptr || !zone->serves();
  });
  files_.clear();
  for (const auto& [apex, zone] : settings.zones) {
    if (!zone.serves()) continue;
    Entry& entry = entries_[apex];
    const auto [space, spelled] = find_space(apex);
    if (entry.space != (space != nullptr ? space->def.name.key() : "")) entry = {};  // another kind of zone
    if (space != nullptr) {
      entry.space = space->def.name.key();
      entry.spelled = spelled;
      entry.layout = layout_of(space->def, apex);
      const std::string own = apex_of(space->def.name);
      const auto same = [](const auto& z) { return answers::fold_wire(z.apex); };
      const auto file = std::ranges::find(zones.of_namespaces, own, same);
      if (file != zones.of_namespaces.end()) files_.insert_or_assign(own, *file);
      open_space(apex, entry, now);
      continue;
    }
    const auto file = std::ranges::find(zones.alone, apex, &answers::StaticZone::apex);
    const auto live =
        std::ranges::find(zones.reverse, apex, [](const auto& z) { return answers::reverse_apex(z.prefix); });
    const bool reverse = file == zones.alone.end() && live != zones.reverse.end();
    if (reverse != entry.reverse.has_value()) entry = {};
    if (reverse) {
      entry.reverse = live->prefix;
      open_reverse(apex, entry, zones);
    } else if (file != zones.alone.end()) {
      put_zone(*file);
    }
  }
}

std::vector<const registry::Namespace*> Catalog::below(const registry::Namespace& space) const {
  std::vector<const registry::Namespace*> out;
  for (const auto& [key, other] : registry_.namespaces()) {
    if (other.def.name.is_below(space.def.name)) out.push_back(&other);
  }
  return out;
}

Catalog::Definitions Catalog::definitions(const registry::Namespace& space) const {
  Definitions out{{space.def.name.key(), space.revision}};
  for (const auto* other : below(space)) out.emplace_back(other->def.name.key(), other->revision);
  return out;
}

RecordList Catalog::statics_of(const Entry& entry, const registry::Namespace& space) const {
  SpaceView view;
  view.def = &space.def;
  view.apex = entry.spelled;
  view.layout = entry.layout;
  view.listen_addresses = listen_addresses_;
  if (entry.layout == registry::Layout::consul) return space_records(view);  // nothing but the services
  if (const auto file = files_.find(apex_of(space.def.name)); file != files_.end()) view.file = &file->second;
  for (const auto* other : below(space)) view.below.push_back(&other->def);
  return space_records(view);
}

Part Catalog::part_of(const std::string& service, const registry::Now& now) const {
  const auto* found = registry_.find_service(service);
  if (found == nullptr || found->shadowed) return {};
  return {answers::build_block(registry_, *found, now), nullptr};
}

// As they are now; an empty part for one that has nothing there (any more).
Parts Catalog::parts_of(Entry& entry, const registry::Namespace& space, const std::set<std::string>& services,
                        const registry::Now& now) const {
  if (entry.layout == registry::Layout::consul) return consul_parts(entry, space, services, now);
  Parts out;
  for (const std::string& service : services) out.emplace(service, part_of(service, now));
  return out;
}

Parts Catalog::all_parts(Entry& entry, const registry::Namespace& space, const registry::Now& now) const {
  const auto& keys = registry_.services_of(space.def.name.key());
  entry.given.clear();
  entry.givers.clear();
  Parts out = parts_of(entry, space, {keys.begin(), keys.end()}, now);
  std::erase_if(out, [](const auto& each) { return !each.second; });
  return out;
}

void Catalog::open_space(const std::string& apex, Entry& entry, const registry::Now& now) {
  const auto* space = registry_.find_namespace(entry.space);
  const bool known = entry.content && entry.content->loaded();
  auto seen = definitions(*space);
  if (known && entry.content->soa().serial == space->serial && seen == entry.seen) return;  // one serial, one content
  entry.pending.clear();
  entry.seen = std::move(seen);
  const Soa soa = soa_of(*space, entry.spelled);
  Parts parts = all_parts(entry, *space, now);
  RecordList statics = statics_of(entry, *space);
  if (!known || !wire::is_newer(soa.serial, entry.content->soa().serial)) {
    if (!entry.content) entry.content = std::make_shared<Content>(entry.spelled, list_ttl(*space));
    entry.content->reset(soa, std::move(statics), std::move(parts));
  } else {
    for (const auto& [key, part] : entry.content->parts()) parts.try_emplace(key);  // gone meanwhile
    entry.content->advance(soa, std::make_shared<const RecordList>(std::move(statics)), parts);
  }
  moved_(apex);
}

void Catalog::publish(const registry::ChangeSet& changes, const registry::Now& now) {
  if (entries_.empty() || changes.revision == 0) return;
  std::set<std::string> spaces(changes.touched_namespaces.begin(), changes.touched_namespaces.end());
  for (const std::string& service : changes.touched_services) {
    const std::string space = service.substr(std::min(service.size(), service.find('.') + 1));
    spaces.insert(space);
    for (auto& [apex, entry] : entries_) {
      if (entry.space == space) entry.pending.insert(service);
    }
  }
  for (auto& [apex, entry] : entries_) {
    if (!entry.space.empty() && (spaces.contains(entry.space) || !changes.touched_namespaces.empty()))
      follow(apex, entry, now);
    if (entry.reverse) follow_reverse(apex, entry, changes);
  }
}

void Catalog::follow(const std::string& apex, Entry& entry, const registry::Now& now) {
  const auto* space = registry_.find_namespace(entry.space);
  if (space == nullptr) {
    entry.content.reset();
    return;
  }
  auto seen = definitions(*space);
  if (!entry.content || seen.front() != entry.seen.front()) {  // other TTLs, another SOA: all of it may differ
    entry.content.reset();
    open_space(apex, entry, now);
    return;
  }
  if (space->serial == entry.content->soa().serial) return;
  const Parts touched = parts_of(entry, *space, entry.pending, now);
  std::shared_ptr<const RecordList> statics;
  if (seen != entry.seen) statics = std::make_shared<const RecordList>(statics_of(entry, *space));
  entry.content->advance(soa_of(*space, entry.spelled), std::move(statics), touched);
  entry.pending.clear();
  entry.seen = std::move(seen);
  moved_(apex);
}

void Catalog::put_zone(const answers::StaticZone& zone) {
  const auto at = entries_.find(answers::fold_wire(zone.apex));
  if (at == entries_.end() || !at->second.space.empty() || at->second.reverse) return;
  const auto record = std::ranges::find(zone.records, wire::type::soa, &answers::StaticRecord::type);
  if (record == zone.records.end()) return;
  Entry& entry = at->second;
  entry.spelled = record->owner;
  const Soa soa{wire::soa_serial(record->rdata), record->ttl, record->rdata};
  auto records = std::make_shared<const RecordList>(file_records(zone));
  const bool known = entry.content && entry.content->loaded();
  if (known && wire::is_newer(soa.serial, entry.content->soa().serial)) {
    entry.content->advance(soa, std::move(records), {});
  } else {
    Difference difference;
    if (known) append_difference(*entry.content->statics(), *records, difference);
    if (known && difference.empty() && entry.content->soa().rdata == soa.rdata) return;  // as it was
    if (!entry.content) entry.content = std::make_shared<Content>(entry.spelled, 0);
    entry.content->reset(soa, *records, {});
  }
  moved_(at->first);
}

void Catalog::remove_zone(const std::string& apex) {
  if (const auto at = entries_.find(apex); at != entries_.end()) at->second.content.reset();
}

std::shared_ptr<const Content> Catalog::find(const std::string& apex) const {
  const auto at = entries_.find(apex);
  return at == entries_.end() || !at->second.content || !at->second.content->loaded() ? nullptr : at->second.content;
}

}  // namespace dnsd::transfer
