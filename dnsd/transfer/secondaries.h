// The zones of which we are a secondary: fetched from their primaries when they say so (NOTIFY) and when the SOA's
// times ask for it, served until they expire.
//
// Owner: the control thread. A zone is fetched by one transfer at a time, at most kMaxFetches at once over all zones; a
// NOTIFY in between makes it ask once more.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dnsd/answers/static_zone.h"
#include "dnsd/transfer/fetch.h"
#include "dnsd/transfer/settings.h"
#include "dnsd/wire/query.h"

namespace dnsd::transfer {

class Secondaries {
 public:
  static constexpr std::size_t kMaxFetches = 8;

  // `changed`: the zone has new content, or has expired; publish zones() anew. `failed` is for the log.
  using Changed = std::function<void(const std::string& apex)>;
  using Failed = std::function<void(const std::string& apex, const std::string& primary, const std::string& why)>;
  Secondaries(boost::asio::io_context& io, Changed changed, Failed failed);
  ~Secondaries();

  void configure(const Settings& settings);  // keeps what is loaded of zones that stay
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
    std::optional<ZoneCopy> copy;
    Clock::time_point checked{};  // when a primary last said that this is current
    bool expired = false;
    bool whole_next = false;  // changes did not fit: ask for the whole zone
    bool again = false;       // a NOTIFY came while a transfer was under way
    bool queued = false;
    unsigned failures = 0;
    std::shared_ptr<Fetch> fetch;
    boost::asio::steady_timer timer;
  };

  void ask(const std::string& apex);
  void start_next();
  void finished(const std::string& apex, const std::shared_ptr<Fetch>& fetch, Fetch::Result result);
  void arm(const std::string& apex, Zone& zone, Clock::duration after);
  void due(const std::string& apex);
  [[nodiscard]] Clock::duration pause_after_failure(const Zone& zone) const;

  boost::asio::io_context& io_;
  Changed changed_;
  Failed failed_;
  tsig::Keys keys_;
  std::map<std::string, std::shared_ptr<Zone>> zones_;
  std::deque<std::string> queue_;
  std::size_t running_ = 0;
  bool stopped_ = false;
};

}  // namespace dnsd::transfer
