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

Secondaries::Secondaries(asio::io_context& io, Changed changed, Failed failed)
    : io_(io), changed_(std::move(changed)), failed_(std::move(failed)) {}

Secondaries::~Secondaries() { stop(); }

void Secondaries::stop() {
  stopped_ = true;
  for (auto& [apex, zone] : zones_) {
    zone->timer.cancel();
    if (zone->fetch) zone->fetch->cancel();
  }
}

void Secondaries::configure(const Settings& settings) {
  keys_ = settings.keys;
  std::erase_if(zones_, [&](const auto& each) {
    const auto* wanted = settings.find(each.first);
    if (wanted != nullptr && !wanted->primaries.empty()) return false;
    each.second->timer.cancel();
    if (each.second->fetch) each.second->fetch->cancel();
    return true;
  });
  for (const auto& [apex, wanted] : settings.zones) {
    if (wanted.primaries.empty()) continue;
    auto& zone = zones_[apex];
    const bool fresh = zone == nullptr;
    if (fresh) zone = std::make_shared<Zone>(io_);
    if (!fresh && zone->primaries == wanted.primaries) continue;
    zone->primaries = wanted.primaries;
    zone->primary = 0;
    ask(apex);
  }
}

void Secondaries::ask(const std::string& apex) {
  Zone& zone = *zones_.at(apex);
  if (zone.fetch) {
    zone.again = true;
    return;
  }
  if (!std::exchange(zone.queued, true)) queue_.push_back(apex);
  start_next();
}

void Secondaries::start_next() {
  while (running_ < kMaxFetches && !queue_.empty() && !stopped_) {
    const std::string apex = std::move(queue_.front());
    queue_.pop_front();
    const auto at = zones_.find(apex);
    if (at == zones_.end()) continue;
    Zone& zone = *at->second;
    zone.queued = zone.again = false;
    const Peer& primary = zone.primaries[zone.primary % zone.primaries.size()];
    std::optional<tsig::Key> key;
    if (const auto found = keys_.find(primary.key); found != keys_.end()) key = found->second;
    const bool changes = zone.copy && !zone.whole_next;
    zone.fetch = std::make_shared<Fetch>(io_.get_executor(), apex, primary, key, changes ? zone.copy : std::nullopt);
    ++running_;
    asio::co_spawn(
        io_, zone.fetch->run(), [this, apex, fetch = zone.fetch](std::exception_ptr broken, Fetch::Result result) {
          --running_;
          if (stopped_) return;
          finished(apex, fetch, broken ? Fetch::Result(std::unexpected("out of memory")) : std::move(result));
          start_next();
        });
  }
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
  if (!result) {
    failed_(apex, shown(zone.primaries[zone.primary % zone.primaries.size()]), result.error());
    ++zone.failures;
    const bool was_whole = zone.whole_next || !zone.copy;
    zone.whole_next = !was_whole && fetch->heard();
    if (zone.whole_next) return arm(apex, zone, 0ms);  // its changes do not fit: the same one, for the whole zone
    // The other primaries are asked at once, then comes the pause.
    const bool tried_all = ++zone.primary % zone.primaries.size() == 0;
    return arm(apex, zone, tried_all ? pause_after_failure(zone) : 0ms);
  }
  zone.failures = 0;
  zone.whole_next = false;
  zone.checked = Clock::now();
  const bool back = std::exchange(zone.expired, false);
  // A primary that lags behind another one has nothing new to say.
  const bool newer =
      result->changed && (!zone.copy || back || wire::is_newer(result->zone.serial(), zone.copy->serial()));
  if (newer) zone.copy = std::move(result->zone);
  if (newer || back) changed_(apex);
  if (zone.again) return ask(apex);
  arm(apex, zone, std::chrono::seconds(times_of(*zone.copy->soa()).refresh));
}

// Wakes for the next question, or earlier for the end of the zone.
void Secondaries::arm(const std::string& apex, Zone& zone, Clock::duration after) {
  auto next = Clock::now() + after;
  if (zone.copy && !zone.expired)
    next = std::min(next, zone.checked + std::chrono::seconds(times_of(*zone.copy->soa()).expire));
  zone.timer.expires_at(next);
  zone.timer.async_wait([this, apex](const boost::system::error_code& error) {
    if (!error && !stopped_) due(apex);
  });
}

void Secondaries::due(const std::string& apex) {
  const auto at = zones_.find(apex);
  if (at == zones_.end() || at->second->timer.expiry() > Clock::now()) return;
  Zone& zone = *at->second;
  const bool over =
      zone.copy && Clock::now() >= zone.checked + std::chrono::seconds(times_of(*zone.copy->soa()).expire);
  if (over && !std::exchange(zone.expired, true)) changed_(apex);
  ask(apex);
}

wire::Rcode Secondaries::notified(const std::string& apex, const Who& who, std::optional<std::uint32_t> serial) {
  const auto at = zones_.find(apex);
  if (at == zones_.end()) return wire::Rcode::notauth;
  Zone& zone = *at->second;
  const auto from = std::ranges::find_if(zone.primaries, [&](const Peer& peer) { return is_primary(peer, who); });
  if (from == zone.primaries.end()) return wire::Rcode::refused;
  if (serial && zone.copy && !zone.expired && !wire::is_newer(*serial, zone.copy->serial()))
    return wire::Rcode::noerror;
  zone.primary = static_cast<std::size_t>(from - zone.primaries.begin());  // it has what is new
  ask(apex);
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
    out.push_back({apex, zone->copy ? zone->copy->serial() : 0, zone->copy.has_value(), zone->expired});
  return out;
}

}  // namespace dnsd::transfer
