#include "dnsd/transfer/secondaries.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <exception>

namespace dnsd::transfer {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

// A primary is known by its address; where a key was agreed on, by both.
bool is_primary(const Peer& peer, const Who& who) {
  if (!peer.key.empty() && peer.key != who.key) return false;
  if (const auto v4 = registry::parse_ipv4(peer.address))
    return !who.v6 && std::equal(v4->octets.begin(), v4->octets.end(), who.address.begin());
  const auto v6 = registry::parse_ipv6(peer.address);
  return v6 && who.v6 && v6->octets == who.address;
}

std::string shown(const Peer& peer) {
  return (peer.address.contains(':') ? "[" + peer.address + "]" : peer.address) + ":" + std::to_string(peer.port);
}

}  // namespace

Secondaries::Secondaries(asio::io_context& io, KeptZones kept, Changed changed, Failed failed)
    : io_(io), kept_(std::move(kept)), changed_(std::move(changed)), failed_(std::move(failed)) {}

Secondaries::~Secondaries() { stop(); }

void Secondaries::stop() {
  stopped_ = true;
  for (auto& [apex, zone] : zones_) {
    zone->timer.cancel();
    if (zone->fetch) zone->fetch->cancel();
    save(apex, *zone);
  }
}

// The times that count are those of the wall clock: a server that was down for long has a zone that has expired.
void Secondaries::restore(const std::string& apex, Zone& zone) {
  auto kept = kept_.load(apex);
  if (!kept) return;
  const auto age = std::max(std::chrono::system_clock::now() - kept->checked, 0ns);
  zone.checked = Clock::now() - std::chrono::duration_cast<Clock::duration>(age);
  zone.copy = std::make_shared<const ZoneCopy>(std::move(kept->copy));
  zone.expired = age >= std::chrono::seconds(times_of(*zone.copy->soa()).expire);
}

void Secondaries::save(const std::string& apex, Zone& zone) {
  if (!std::exchange(zone.unsaved, false)) return;
  zone.saved = Clock::now();
  const auto age = std::chrono::duration_cast<std::chrono::system_clock::duration>(zone.saved - zone.checked);
  const auto checked = std::chrono::system_clock::now() - age;
  if (auto done = kept_.save(apex, *zone.copy, checked); !done) failed_(apex, "", done.error());
}

void Secondaries::configure(const Settings& settings) {
  keys_ = settings.keys;
  std::erase_if(zones_, [&](const auto& each) {
    const auto* wanted = settings.find(each.first);
    if (wanted != nullptr && !wanted->primaries.empty()) return false;
    each.second->timer.cancel();
    if (each.second->fetch) each.second->fetch->cancel();
    queue_.forget(each.first);
    return true;
  });
  for (const auto& [apex, wanted] : settings.zones) {
    if (wanted.primaries.empty()) continue;
    auto& zone = zones_[apex];
    const bool fresh = zone == nullptr;
    if (fresh) {
      zone = std::make_shared<Zone>(io_);
      restore(apex, *zone);
    }
    if (!fresh && zone->primaries == wanted.primaries) continue;
    zone->primaries = wanted.primaries;
    zone->primary = zone->tried = 0;
    zone->again = zone->fetch != nullptr;  // of whom it was told may be gone
    ask(apex, *zone);
  }
}

void Secondaries::ask(const std::string& apex, Zone& zone) {
  zone.next = Clock::time_point::max();
  arm(apex, zone);
  if (zone.fetch) return;  // `again` is for when it has finished
  queue_.put(apex, zone.primaries[zone.primary].address, zone.again);
  start_next();
}

void Secondaries::ask_after(const std::string& apex, Zone& zone, Clock::duration pause) {
  zone.next = Clock::now() + pause;
  arm(apex, zone);
}

void Secondaries::start_next() {
  while (!stopped_) {
    const auto turn = queue_.take();
    if (!turn) return;
    start(turn->apex, *zones_.at(turn->apex), turn->primary);
  }
}

void Secondaries::start(const std::string& apex, Zone& zone, const std::string& primary) {
  zone.next = Clock::time_point::max();
  if (std::exchange(zone.again, false)) zone.followed = Clock::now();
  zone.asked = zone.primaries[zone.primary];
  std::optional<tsig::Key> key;
  if (const auto found = keys_.find(zone.asked.key); found != keys_.end()) key = found->second;
  zone.fetch =
      std::make_shared<Fetch>(io_.get_executor(), apex, zone.asked, key, zone.whole_next ? nullptr : zone.copy);
  asio::co_spawn(io_, zone.fetch->run(),
                 [this, apex, primary, fetch = zone.fetch](std::exception_ptr broken, Fetch::Result result) {
                   if (stopped_) return;
                   queue_.done(primary);
                   finished(apex, fetch, broken ? Fetch::Result(std::unexpected("out of memory")) : std::move(result));
                   start_next();
                 });
}

Secondaries::Clock::duration Secondaries::pause_after_failure(const Zone& zone) const {
  if (zone.copy) return std::chrono::seconds(times_of(*zone.copy->soa()).retry);
  return std::min<Clock::duration>(1s * (1U << std::min(zone.failures, 6U)), 60s);  // nothing is served yet: soon again
}

void Secondaries::finished(const std::string& apex, const std::shared_ptr<Fetch>& fetch, Fetch::Result result) {
  const auto at = zones_.find(apex);
  if (at == zones_.end() || at->second->fetch != fetch) return;  // no longer ours
  Zone& zone = *at->second;
  zone.fetch.reset();
  if (!result) return failed(apex, zone, result.error(), fetch->heard());
  const bool behind =
      zone.copy && result->serial != zone.copy->serial() && !wire::is_newer(result->serial, zone.copy->serial());
  // It does not know whether what is here is current. When that has expired, its older zone is better than none.
  if (behind && !(zone.expired && result->changed)) {
    const auto serials = std::to_string(result->serial) + ", here is " + std::to_string(zone.copy->serial());
    return failed(apex, zone, "it is behind us: its serial is " + serials, zone.expired);
  }
  current(apex, zone, *std::move(result));
}

void Secondaries::failed(const std::string& apex, Zone& zone, const std::string& why, bool whole_may_help) {
  failed_(apex, shown(zone.asked), why);
  ++zone.failures;
  const bool was_whole = zone.whole_next || !zone.copy;
  zone.whole_next = !was_whole && whole_may_help;
  if (zone.whole_next) return ask_after(apex, zone, 0ms);    // changes did not fit: the same one, for the whole zone
  if (zone.again) return ask_after(apex, zone, kNotifyGap);  // zone.primary is who told of something new
  // The other primaries are asked at once, then comes the pause.
  zone.primary = (zone.primary + 1) % zone.primaries.size();
  if (++zone.tried < zone.primaries.size()) return ask_after(apex, zone, 0ms);
  zone.tried = 0;
  ask_after(apex, zone, pause_after_failure(zone));
}

void Secondaries::current(const std::string& apex, Zone& zone, Fetch::Outcome outcome) {
  zone.failures = 0;
  zone.tried = 0;
  zone.whole_next = false;
  zone.checked = Clock::now();
  const bool back = std::exchange(zone.expired, false);
  const bool other = outcome.changed && (!zone.copy || outcome.serial != zone.copy->serial());
  if (other) {
    zone.copy = std::make_shared<const ZoneCopy>(std::move(outcome.zone));
    zone.unsaved = true;
  } else {
    kept_.touch(apex, std::chrono::system_clock::now());
  }
  if (zone.unsaved && zone.checked >= zone.saved + kSaveEvery) save(apex, zone);
  if (other || back) changed_(apex);
  ask_after(apex, zone, zone.again ? kNotifyGap : std::chrono::seconds(times_of(*zone.copy->soa()).refresh));
}

Secondaries::Clock::time_point Secondaries::end_of(const Zone& zone) {
  if (!zone.copy || zone.expired) return Clock::time_point::max();
  return zone.checked + std::chrono::seconds(times_of(*zone.copy->soa()).expire);
}

void Secondaries::arm(const std::string& apex, Zone& zone) {
  auto wake = std::min(zone.next, end_of(zone));
  if (zone.unsaved) wake = std::min(wake, zone.saved + kSaveEvery);
  zone.timer.expires_at(wake);
  if (wake == Clock::time_point::max()) return;
  zone.timer.async_wait([this, apex](const boost::system::error_code& error) {
    if (!error && !stopped_) due(apex);
  });
}

void Secondaries::due(const std::string& apex) {
  const auto at = zones_.find(apex);
  if (at == zones_.end() || at->second->timer.expiry() > Clock::now()) return;
  Zone& zone = *at->second;
  const auto now = Clock::now();
  if (now >= end_of(zone)) {
    zone.expired = true;
    changed_(apex);
    if (zone.next != Clock::time_point::max()) zone.next = now;  // whoever has it
  }
  if (zone.unsaved && now >= zone.saved + kSaveEvery) save(apex, zone);
  if (now >= zone.next) return ask(apex, zone);
  arm(apex, zone);
}

wire::Rcode Secondaries::notified(const std::string& apex, const Who& who, std::optional<std::uint32_t> serial) {
  const auto at = zones_.find(apex);
  if (at == zones_.end()) return wire::Rcode::notauth;
  Zone& zone = *at->second;
  const auto from = std::ranges::find_if(zone.primaries, [&](const Peer& peer) { return is_primary(peer, who); });
  if (from == zone.primaries.end()) return wire::Rcode::refused;
  if (serial && zone.copy && !zone.expired && !wire::is_newer(*serial, zone.copy->serial()))
    return wire::Rcode::noerror;
  if (std::exchange(zone.again, true)) return wire::Rcode::noerror;        // one that waits tells as much
  zone.primary = static_cast<std::size_t>(from - zone.primaries.begin());  // it has what is new
  if (zone.fetch) return wire::Rcode::noerror;
  const auto pause = zone.followed + kNotifyGap - Clock::now();
  if (pause <= 0ns) {
    ask(apex, zone);
  } else if (zone.next > Clock::now() + pause) {
    ask_after(apex, zone, pause);
  }
  return wire::Rcode::noerror;
}

std::vector<answers::StaticZone> Secondaries::zones() const {
  std::vector<answers::StaticZone> out;
  for (const auto& [apex, zone] : zones_) {
    if (zone->copy && !zone->expired) {
      out.push_back(zone->copy->as_zone(apex));
      continue;
    }
    out.push_back(answers::unavailable_zone(
        apex, zone->copy ? answers::Availability::expired : answers::Availability::not_loaded));
  }
  return out;
}

std::optional<answers::StaticZone> Secondaries::zone(const std::string& apex) const {
  const auto at = zones_.find(apex);
  if (at == zones_.end() || !at->second->copy || at->second->expired) return std::nullopt;
  return at->second->copy->as_zone(apex);
}

std::vector<Secondaries::State> Secondaries::states() const {
  std::vector<State> out;
  for (const auto& [apex, zone] : zones_)
    out.push_back({apex, zone->copy ? zone->copy->serial() : 0, zone->copy != nullptr, zone->expired});
  return out;
}

}  // namespace dnsd::transfer
