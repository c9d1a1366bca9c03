// Zone maintenance between servers, put together: what workers hand over, transfers in and out, NOTIFY, updates.
//
// Owner: the control thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "dnsd/answers/static_zone.h"
#include "dnsd/serve/handoff.h"
#include "dnsd/transfer/catalog.h"
#include "dnsd/transfer/front.h"
#include "dnsd/transfer/notifier.h"
#include "dnsd/transfer/secondaries.h"
#include "dnsd/update/updates.h"
#include "dnsd/zones.h"

namespace dnsd {

class Maintenance {
 public:
  struct Parts {
    registry::Registry& registry;
    registry::WritePath& writes;
    const answers::Table& table;
    serve::ResponderOptions responder;
    std::vector<std::string> listen_addresses;
    std::vector<answers::ReverseZone> reverse;
    std::optional<std::filesystem::path> kept_zones;  // folder of the zones that were transferred to us; unset = none
    std::function<void(const std::string& apex, std::uint32_t serial)> reverse_moved;
    std::function<void()> publish_zones;  // the zones of which we are a secondary changed
  };
  Maintenance(boost::asio::io_context& io, Parts parts);

  [[nodiscard]] serve::Handoff& handoff() { return handoff_; }
  // Start and reload, before and after the registry and all zones are published: the zones that are transferred to us
  // are among those, and whoever is told of a change finds it.
  void prepare(const transfer::Settings& settings) { secondaries_.configure(settings); }
  void configure(const transfer::Settings& settings, const LoadedZones& zones, const registry::Now& now);
  void set_rules(const serve::ResponderOptions& options, answers::Reclaimer& reclaimer) {
    front_.set_rules(options, reclaimer);
  }
  void publish(const registry::ChangeSet& changes, const registry::Now& now) { catalog_.publish(changes, now); }
  void stop_updates() { updates_.stop(); }  // none is taken from here on: the store is about to drain
  void stop();                              // while the DNS workers still have their sockets

  // Zones transferred to us; those without content are marked as such.
  [[nodiscard]] std::vector<answers::StaticZone> transferred() const { return secondaries_.zones(); }
  void append_metrics(std::string& out) const;

 private:
  void zone_changed(const std::string& apex);
  void publish_changed();
  void zone_moved(const std::string& apex);

  Parts parts_;
  serve::Handoff handoff_;
  boost::asio::steady_timer publishing_;
  std::set<std::string> changed_;  // zones transferred to us that are to be published
  transfer::Notifier notifier_;
  transfer::Catalog catalog_;
  transfer::Secondaries secondaries_;
  update::Updates updates_;
  transfer::Front front_;
  bool started_ = false;
};

}  // namespace dnsd
