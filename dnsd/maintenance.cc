#include "dnsd/maintenance.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "dnsd/answers/presentation.h"
#include "dnsd/answers/reverse.h"
#include "dnsd/log.h"

namespace dnsd {
namespace {

// Zones that come in one after another are published together: a publish costs as much as all zones.
constexpr registry::Millis kGather{50};

std::string shown(const std::string& apex) { return answers::name_to_text(apex).value_or("?"); }

}  // namespace

Maintenance::Maintenance(boost::asio::io_context& io, Parts parts)
    : parts_(std::move(parts)),
      publishing_(io),
      notifier_(io, parts_.listen_addresses),
      catalog_(parts_.registry, parts_.listen_addresses, [this](const std::string& apex) { zone_moved(apex); }),
      secondaries_(
          io, transfer::KeptZones(parts_.kept_zones), [this](const std::string& apex) { zone_changed(apex); },
          [](const std::string& apex, const std::string& primary, const std::string& why) {
            log::event("transfer.failed", log::Level::warning,
                       {{"zone", shown(apex)}, {"primary", primary}, {"error", why}});
          }),
      updates_(parts_.registry, parts_.writes, catalog_),
      front_(
          io,
          {.handoff = handoff_,
           .table = parts_.table,
           .responder = parts_.responder,
           .catalog = catalog_,
           .notified = [this](const std::string& apex, const transfer::Who& who,
                              std::optional<std::uint32_t> serial) { return secondaries_.notified(apex, who, serial); },
           .update = [this](wire::Message message,
                            transfer::Front::Replied done) { updates_.run(std::move(message), std::move(done)); }}) {}

void Maintenance::configure(const transfer::Settings& settings, const LoadedZones& zones, const registry::Now& now) {
  notifier_.configure(settings);
  std::erase_if(changed_, [&](const std::string& apex) {
    const auto* zone = settings.find(apex);
    return zone == nullptr || zone->primaries.empty();
  });
  auto alone = zones.alone;
  for (auto& zone : secondaries_.zones()) {
    if (zone.availability == answers::Availability::served) alone.push_back(std::move(zone));
  }
  catalog_.configure(settings, {zones.of_namespaces, alone, parts_.reverse}, now);
  for (const auto& apex : notifier_.untold()) {  // secondaries that are new, of a zone that is not
    if (catalog_.find(apex)) notifier_.changed(apex);
  }
  front_.configure(settings);
  if (!std::exchange(started_, true)) front_.start();
}

void Maintenance::stop() {
  publishing_.cancel();
  front_.stop();
  secondaries_.stop();
  notifier_.stop();
}

void Maintenance::zone_moved(const std::string& apex) {
  const auto is_it = [&](const auto& zone) { return answers::reverse_apex(zone.prefix) == apex; };
  if (const auto content = catalog_.find(apex); content && std::ranges::any_of(parts_.reverse, is_it))
    parts_.reverse_moved(apex, content->soa().serial);
  notifier_.changed(apex);
}

void Maintenance::zone_changed(const std::string& apex) {
  const bool waits = !changed_.empty();
  changed_.insert(apex);
  if (waits) return;
  publishing_.expires_after(kGather);
  publishing_.async_wait([this](const boost::system::error_code& error) {
    if (!error) publish_changed();
  });
}

// The workers first: a secondary that is told asks for the SOA at once.
void Maintenance::publish_changed() {
  const auto changed = std::exchange(changed_, {});
  if (changed.empty()) return;  // a reload has left them out, and published
  parts_.publish_zones();
  for (const auto& apex : changed) {
    if (const auto zone = secondaries_.zone(apex)) {
      log::event("zone.transferred", log::Level::info,
                 {{"zone", shown(apex)}, {"serial", zone->serial}, {"records", zone->records.size()}});
      catalog_.put_zone(*zone);
    } else {
      log::event("zone.expired", log::Level::error, {{"zone", shown(apex)}, {"effect", "its names are SERVFAIL"}});
      catalog_.remove_zone(apex);
    }
  }
}

void Maintenance::append_metrics(std::string& out) const {
  const auto counter = [&](std::string_view name, std::string_view help, std::uint64_t value) {
    fmt::format_to(std::back_inserter(out), "# HELP {0} {1}\n# TYPE {0} counter\n{0} {2}\n", name, help, value);
  };
  const auto& front = front_.counts();
  counter("dnsd_transfers_axfr_total", "Whole zones sent to secondaries.", front.axfr);
  counter("dnsd_transfers_ixfr_total", "Changes of zones sent to secondaries.", front.ixfr);
  counter("dnsd_transfers_refused_total", "Transfers and updates refused.", front.refused);
  counter("dnsd_tsig_failed_total", "Signatures with an unknown key, a wrong MAC or a wrong time.",
          front.bad_signatures);
  counter("dnsd_notify_sent_total", "Notifications sent to secondaries, repeats included.", notifier_.counts().sent);
  counter("dnsd_notify_answered_total", "Notifications that a secondary answered.", notifier_.counts().answered);
  counter("dnsd_updates_applied_total", "Dynamic updates committed.", updates_.counts().applied);
  counter("dnsd_updates_refused_total", "Dynamic updates refused.", updates_.counts().refused);
}

}  // namespace dnsd
