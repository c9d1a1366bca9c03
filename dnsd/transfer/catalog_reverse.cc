// The live reverse zones of the catalog: PTR records by service. Their serial is the registry's revision, which no
// restart takes back; a start and a reload take a new one, for what the configuration changed meanwhile.
#include <algorithm>
#include <array>

#include "dnsd/answers/reverse.h"
#include "dnsd/answers/ticks.h"
#include "dnsd/answers/wire_name.h"
#include "dnsd/answers/zone_builder.h"
#include "dnsd/transfer/catalog.h"
#include "dnsd/wire/message.h"
#include "dnsd/wire/query.h"
#include "dnsd/wire/writer.h"

namespace dnsd::transfer {
namespace {

constexpr std::uint32_t kTtl = answers::kNegativeTtl;  // of what the zone has of itself, as answered

// Every revision is taken once, also over restarts, so one serial never means two contents. Not 0, which some
// secondaries take for "unknown".
std::uint32_t serial_of(registry::Revision revision) {
  const auto serial = static_cast<std::uint32_t>(revision);
  return serial == 0 ? 1 : serial;
}

bool is_inside(const std::string& name, const std::string& apex) {
  return name != apex && answers::is_at_or_below(name, apex);
}

}  // namespace

Soa Catalog::reverse_soa(const std::string& apex, std::uint32_t serial) const {
  const auto view = answers::reverse_view(apex, answers::reverse_server(registry_), kTtl);
  std::string rdata(reinterpret_cast<const char*>(view->soa.data()), view->soa_size);
  wire::put32(reinterpret_cast<std::uint8_t*>(rdata.data()) + view->serial_at(), serial);
  return {serial, view->soa_ttl, std::move(rdata)};
}

RecordList Catalog::reverse_statics(const std::string& apex, const Entry& entry) const {
  RecordList out;
  const auto server = answers::reverse_server(registry_);
  if (!server.empty()) out.add(apex, wire::type::ns, kTtl, server);
  entry.cuts.each([&](const RecordView& record) { out.add(record); });
  return out;
}

Part Catalog::pointers_of(const Entry& entry, const std::string& service) const {
  const auto* found = registry_.find_service(service);
  const auto* space = found == nullptr ? nullptr : registry_.find_namespace(found->apex);
  if (space == nullptr) return {};
  RecordList out;
  for (const auto& [name, target] : answers::pointers_of(*found, space->def, std::span(&*entry.reverse, 1))) {
    const auto is_there = [&](const std::string& apex) { return answers::is_at_or_below(name, apex); };
    if (std::ranges::none_of(entry.inside, is_there))
      out.add(name, wire::type::ptr, answers::whole_seconds(registry_.ttl_of(*found)), target);
  }
  return {nullptr, out.empty() ? nullptr : std::make_shared<const RecordList>(std::move(out))};
}

void Catalog::open_reverse(const std::string& apex, Entry& entry, const Zones& zones) {
  entry.spelled = apex;
  entry.inside.clear();
  entry.cuts = {};
  for (const auto& zone : zones.reverse) {
    const std::string other = answers::reverse_apex(zone.prefix);
    if (!is_inside(other, apex)) continue;
    entry.inside.push_back(other);
    const auto server = answers::reverse_server(registry_);
    if (!server.empty()) entry.cuts.add(other, wire::type::ns, kTtl, server);
  }
  for (const auto& zone : zones.alone) {
    if (!is_inside(zone.apex, apex)) continue;
    entry.inside.push_back(zone.apex);
    for (const auto& record : zone.records) {
      if (record.type == wire::type::ns && answers::fold_wire(record.owner) == zone.apex)
        entry.cuts.add(zone.apex, record.type, record.ttl, record.rdata);
    }
  }
  Parts parts;
  for (const auto& [key, service] : registry_.services()) {
    if (auto part = pointers_of(entry, key)) parts.emplace(key, std::move(part));
  }
  if (entry.content) {
    for (const auto& [key, part] : entry.content->parts()) parts.try_emplace(key);  // gone meanwhile
    return advance_reverse(apex, entry, parts, std::nullopt);
  }
  entry.content = std::make_shared<Content>(apex, 0);
  const auto serial = serial_of(registry_.reserve_revision());
  entry.content->reset(reverse_soa(apex, serial), reverse_statics(apex, entry), std::move(parts));
  moved_(apex);
}

void Catalog::follow_reverse(const std::string& apex, Entry& entry, const registry::ChangeSet& changes) {
  Parts parts;
  for (const std::string& service : changes.touched_services) parts.emplace(service, pointers_of(entry, service));
  advance_reverse(apex, entry, parts, changes.revision);
}

// Moves on when something differs. Health, weights and the like leave the zone as it is.
void Catalog::advance_reverse(const std::string& apex, Entry& entry, const Parts& candidates,
                              std::optional<registry::Revision> revision) {
  Content& content = *entry.content;
  Parts touched;
  for (const auto& [key, part] : candidates) {
    const auto live = content.parts().find(key);
    Difference difference;
    append_difference(live == content.parts().end() ? RecordList{} : content.records_of(live->second),
                      content.records_of(part), difference);
    if (!difference.empty()) touched.emplace(key, part);
  }
  auto statics = std::make_shared<const RecordList>(reverse_statics(apex, entry));
  Difference difference;
  append_difference(*content.statics(), *statics, difference);
  const bool same_soa = reverse_soa(apex, content.soa().serial).rdata == content.soa().rdata;
  if (touched.empty() && difference.empty() && same_soa) return;
  const auto serial = serial_of(revision ? *revision : registry_.reserve_revision());
  content.advance(reverse_soa(apex, serial), std::move(statics), touched);
  moved_(apex);
}

}  // namespace dnsd::transfer
