#include "dnsd/daemon.h"

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "dnsd/daemon_impl.h"
#include "dnsd/log.h"
#include "dnsd/notify.h"

namespace dnsd {

void Daemon::Impl::tell(const std::vector<std::string>& notes, std::string_view event) {
  for (const auto& note : notes) log::event(event, log::Level::warning, {{"note", note}});
}

std::expected<void, std::vector<std::string>> Daemon::Impl::reload() {
  auto fresh = reread();
  if (!fresh) return std::unexpected(fresh.error());
  auto loaded = load_zones(*fresh);
  if (!loaded) return std::unexpected(loaded.error());
  std::vector<std::string> conflicts;
  for (const auto& [apex, names] : loaded->names) {
    for (const auto& service : registry_->static_conflicts(apex, names)) {
      conflicts.push_back("the zone file of " + apex + " has records at or below the registered service " + service);
    }
  }
  if (!conflicts.empty()) return std::unexpected(conflicts);

  const auto now = now_of_process();
  std::vector<std::string> notes;
  std::vector<ChangeSet> changes{registry_->declare(fresh->declared, now, notes)};
  for (const auto& [apex, names] : zones.names) {
    if (!loaded->names.contains(apex)) changes.push_back(registry_->set_static_names(apex, {}, now));
  }
  for (const auto& [apex, names] : loaded->names) changes.push_back(registry_->set_static_names(apex, names, now));
  zones = std::move(*loaded);
  config.declared = std::move(fresh->declared);
  config.transfers = std::move(fresh->transfers);
  maintenance->prepare(config.transfers);
  const auto lists = fresh->dns.responder.zone_access;
  replace_rules(*std::move(fresh));
  publish_zones();
  if (config.dns.responder.zone_access != lists) {
    config.dns.responder.zone_access = lists;
    spread_rules();
  }
  maintenance->configure(config.transfers, zones, now);
  for (const auto& change : changes) writes->observe(change);
  checks->follow_all(*registry_);
  tell(notes, "config.conflict");
  log::event("reload.done", log::Level::info,
             {{"revision", registry_->revision()}, {"zones", zones.alone.size() + zones.of_namespaces.size()}});
  return {};
}

// Before what they protect is published: a new zone is never open to those whom its list leaves out. The list of a zone
// that goes stays until it is gone.
void Daemon::Impl::replace_rules(Config fresh) {
  auto& rules = config.dns.responder;
  auto lists = std::move(fresh.dns.responder.zone_access);
  for (auto& old : rules.zone_access) {
    if (std::ranges::find(lists, old.apex, &serve::ZoneAccess::apex) == lists.end()) lists.push_back(std::move(old));
  }
  rules.zone_access = std::move(lists);
  rules.allow_query = std::move(fresh.dns.responder.allow_query);
  if (fresh.cookie_secrets) rules.cookie_secrets = *fresh.cookie_secrets;
  spread_rules();
}

void Daemon::Impl::spread_rules() {
  const auto& rules = config.dns.responder;
  dns->set_rules(rules);
  resolver->set_rules(rules, reclaimer);
  maintenance->set_rules(rules, reclaimer);
  if (forwarder) forwarder->set_rules(rules);
}

void Daemon::Impl::wait_signals() {
  signals.async_wait([this](const boost::system::error_code& error, int number) {
    if (error) return;
    if (number == SIGHUP) {
      notify_service_manager("RELOADING=1");
      if (auto done = reload(); !done) {
        for (const auto& line : done.error())
          log::event("reload.refused", log::Level::error,
                     {{"error", line}, {"kept", "the old configuration and zones"}});
      }
      notify_service_manager("READY=1");
      wait_signals();
      return;
    }
    log::event("stopping", log::Level::info, {{"signal", number}});
    stop();
  });
}

// What is in flight is finished: HTTP first (its writes need the store), then probes, then DNS, then the store.
void Daemon::Impl::stop() {
  stopping = true;
  notify_service_manager("STOPPING=1");
  deadline.cancel();
  pulse_timer.cancel();
  maintenance->stop_updates();
  http->stop([this] { writes->drain([this] { finish_stop(); }); });
}

void Daemon::Impl::finish_stop() {
  if (self_probe) self_probe->stop();
  checks->stop();
  maintenance->stop();
  if (forwarder) forwarder->stop();
  dns->stop();
  store->close(registry_->revision());
  log::event("stopped", log::Level::info, {{"revision", registry_->revision()}});
  io.stop();
}

Daemon::Daemon(Config config, Reread reread, std::optional<std::filesystem::path> ready_file)
    : impl_(std::make_unique<Impl>(std::move(config), std::move(reread), std::move(ready_file))) {}

Daemon::~Daemon() = default;

std::expected<void, std::string> Daemon::start() {
  auto& d = *impl_;
  ::signal(SIGPIPE, SIG_IGN);
  d.signals.add(SIGTERM);
  d.signals.add(SIGINT);
  d.signals.add(SIGHUP);
  d.build_registry();
  d.build_dns();
  d.build_api();
  if (auto opened = d.http->open(); !opened) return opened;
  if (auto opened = d.open_dns(); !opened) return opened;
  if (auto loaded = d.load_store(); !loaded) return loaded;
  if (auto loaded = d.load_static(); !loaded) return loaded;
  d.publish_first();
  d.build_checks();
  d.checks->follow_all(*d.registry_);
  d.checks->start();
  d.build_self_probe();
  return {};
}

int Daemon::run() {
  auto& d = *impl_;
  // DNS workers were started before: they keep nice 0; a busy control plane yields to them (MECHANISMS 10).
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), 5);
  d.wait_signals();
  d.last_ran = steady_clock::now();  // to load takes its time, and is no pause
  d.arm_deadline();
  d.pulse();
  d.announce_ready();
  d.io.run();
  return 0;
}

}  // namespace dnsd
