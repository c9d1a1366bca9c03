// The zones of which we are a secondary: fetched from their primaries when they say so (NOTIFY) and when the SOA's
// times ask for it, served until they expire.
//
// Owner: the control thread. A zone is fetched by one transfer at a time, as FetchQueue lets them; a NOTIFY in between
// makes it ask once more. Each zone has one timer, for what comes first: the next question, the end of the zone (also
// while it waits or is fetched), the file.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dnsd/answers/static_zone.h"
#include "dnsd/transfer/fetch.h"
#include "dnsd/transfer/fetch_queue.h"
#include "dnsd/transfer/kept_zones.h"
#include "dnsd/transfer/settings.h"
#include "dnsd/wire/query.h"

namespace dnsd::transfer {

class Secondaries {
 public:
  // A NOTIFY without a key can be forged, and one brings a transfer: the next one of that zone waits so long.
  static constexpr std::chrono::seconds kNotifyGap{1};
  static constexpr std::chrono::seconds kSaveEvery{10};  // a copy that a restart makes older is brought up by IXFR

  // `changed`: the zone has new content, or has expired; publish zones() anew. `failed` is for the log.
  using Changed = std::function<void(const std::string& apex)>;
  using Failed = std::function<void(const std::string& apex, const std::string& primary, const std::string& why)>;
  // `kept`: where copies survive a restart.
  Secondaries(boost::asio::io_context& io, KeptZones kept, Changed changed, Failed failed);
  ~Secondaries();

  // Keeps what is loaded of zones that stay; new ones are as they were kept.
  void configure(const Settings& settings);
  void stop();

  wire::Rcode notified(const std::string& apex, const Who& who, std::optional<std::uint32_t> serial);

  // Every zone, those without content marked as such: their names are SERVFAIL, never REFUSED or NXDOMAIN.
  [[nodiscard]] std::vector<answers::StaticZone> zones() const;
  // The content of one, if it has any.
  [[nodiscard]] std::optional<answers::StaticZone> zone(const std::string& apex) const;

  struct State {
    std::string apex;
    std::uint32_t serial = 0;
    bool loaded = false, expired = false;
  };
  [[nodiscard]] std::vector<State> states() const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Zone {
    explicit Zone(boost::asio::io_context& io) : timer(io) {}
    std::vector<Peer> primaries;
    std::size_t primary = 0;  // that is asked next
    Peer asked;               // that is asked now, or was last
    std::shared_ptr<const ZoneCopy> copy;
    Clock::time_point checked{};  // when a primary last said that this is current
    Clock::time_point saved{};
    bool unsaved = false;
    bool expired = false;
    bool whole_next = false;  // changes did not fit: ask for the whole zone
    bool again = false;       // a NOTIFY came for which no transfer began yet
    unsigned failures = 0;
    std::size_t tried = 0;                              // primaries that failed in a row
    Clock::time_point next = Clock::time_point::max();  // of asking; max while it waits for its turn or is fetched
    Clock::time_point followed{};                       // when a transfer began because of a NOTIFY
    std::shared_ptr<Fetch> fetch;
    boost::asio::steady_timer timer;
  };

  void ask(const std::string& apex, Zone& zone);
  void ask_after(const std::string& apex, Zone& zone, Clock::duration pause);
  void start_next();
  void start(const std::string& apex, Zone& zone, const std::string& primary);
  void finished(const std::string& apex, const std::shared_ptr<Fetch>& fetch, Fetch::Result result);
  void failed(const std::string& apex, Zone& zone, const std::string& why, bool whole_may_help);
  void current(const std::string& apex, Zone& zone, Fetch::Outcome outcome);
  void arm(const std::string& apex, Zone& zone);
  void due(const std::string& apex);
  void restore(const std::string& apex, Zone& zone);
  void save(const std::string& apex, Zone& zone);
  [[nodiscard]] Clock::duration pause_after_failure(const Zone& zone) const;
  [[nodiscard]] static Clock::time_point end_of(const Zone& zone);  // when it expires; max = it has, or is not there

  boost::asio::io_context& io_;
  KeptZones kept_;
  Changed changed_;
  Failed failed_;
  tsig::Keys keys_;
  std::map<std::string, std::shared_ptr<Zone>> zones_;
  FetchQueue queue_;
  bool stopped_ = false;
};

}  // namespace dnsd::transfer
