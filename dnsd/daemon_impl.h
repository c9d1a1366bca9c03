// The daemon's parts and how they are connected; private to daemon*.cc.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "dnsd/answers/publisher.h"
#include "dnsd/daemon.h"
#include "dnsd/forward/forwarder.h"
#include "dnsd/maintenance.h"
#include "dnsd/resolve.h"
#include "dnsd/self_probe.h"
#include "dnsd/zones.h"
#include "registry/store/commit_log.h"
#include "registry/write/feed.h"
#include "registry/write/write_path.h"

namespace dnsd {

namespace asio = boost::asio;
using registry::Accepted;
using registry::ChangeSet;
using registry::Event;
using registry::Millis;
using std::chrono::steady_clock;

[[nodiscard]] inline registry::Now now_of_process() {
  return {steady_clock::now(), std::chrono::floor<Millis>(std::chrono::system_clock::now())};
}

struct Daemon::Impl {
  Impl(Config config_in, Reread reread_in, std::optional<std::filesystem::path> ready_in)
      : config(std::move(config_in)), reread(std::move(reread_in)), ready_path(std::move(ready_in)) {}

  // -- start, in this order ---------------------------------------------------------------------------------------
  void build_registry();
  void build_dns();
  void build_forwarder();
  std::expected<void, std::string> open_dns();
  void build_api();
  std::expected<void, std::string> load_store();
  std::expected<void, std::string> load_static();
  void publish_first();
  void build_checks();
  void publish_zones();
  void build_self_probe();
  void announce_ready();

  // -- running ----------------------------------------------------------------------------------------------------
  void on_change(const ChangeSet& changes);
  void post_report(std::move_only_function<void()> work);
  void on_probe(const registry::checks::Report& report, registry::Mono posted);
  void on_host(const registry::checks::HostReport& report, registry::Mono posted);
  void on_self_probe(bool failed);
  void arm_deadline();
  void advance(registry::Mono due);
  void submit_due(registry::Mono due_at);
  void notice_pause(const registry::Now& now);
  void pulse();
  void collect();
  void after_grace(std::move_only_function<void()> next);
  void wait_signals();
  std::expected<void, std::vector<std::string>> reload();
  void replace_rules(Config fresh);
  void spread_rules();
  void stop();
  void finish_stop();
  void tell(const std::vector<std::string>& notes, std::string_view event);

  void post(std::move_only_function<void()> work) {
    asio::post(io, [work = std::make_shared<std::move_only_function<void()>>(std::move(work))] { (*work)(); });
  }

  Config config;
  Reread reread;
  std::optional<std::filesystem::path> ready_path;
  steady_clock::time_point started = steady_clock::now();

  asio::io_context io{1};
  asio::signal_set signals{io};
  asio::steady_timer deadline{io}, pulse_timer{io}, collect_timer{io};
  registry::Mono armed_for = registry::Mono::max();
  registry::Mono last_ran = steady_clock::now();  // as far as notice_pause knows
  bool store_loaded = false, ready = false, stopping = false;
  std::atomic<std::size_t> reports_waiting{0};

  // Order matters: what is destroyed first must not be used by what is destroyed later.
  std::unique_ptr<registry::Registry> registry_;
  std::unique_ptr<registry::store::CommitLog> store;
  std::unique_ptr<registry::Feed> feed;
  std::unique_ptr<registry::WritePath> writes;
  answers::Reclaimer reclaimer;
  std::unique_ptr<answers::Publisher> publisher;
  std::unique_ptr<Resolver> resolver;
  std::unique_ptr<Maintenance> maintenance;       // its queue outlives the workers that fill it
  std::unique_ptr<forward::Forwarder> forwarder;  // null = off; its queue outlives the workers that fill it
  std::unique_ptr<serve::Server> dns;
  std::unique_ptr<registry::checks::Runner> checks;
  std::unique_ptr<SelfProbe> self_probe;  // null where the guard is off
  std::unique_ptr<api::Server> http;
  LoadedZones zones;
};

}  // namespace dnsd
