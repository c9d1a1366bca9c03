// Start: from a configuration to bound sockets, in the order of Daemon::start.
#include <openssl/rand.h>

#include <algorithm>
#include <future>

#include "dnsd/daemon_impl.h"
#include "dnsd/dns_metrics.h"
#include "dnsd/log.h"
#include "dnsd/notify.h"
#include "dnsd/ready_file.h"
#include "registry/store/memory_log.h"
#include "registry/store/sqlite_log.h"
#include "registry/version.h"

namespace dnsd {
namespace {

// Probe results that wait for the control thread: five seconds of 10,000 probes a second.
constexpr std::size_t kMaxReports = 50'000;

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const auto& line : lines) out += (out.empty() ? "" : "\n") + line;
  return out;
}

template <class Endpoint>
std::vector<std::string> as_text(const std::vector<Endpoint>& endpoints) {
  std::vector<std::string> out;
  for (const auto& e : endpoints) out.push_back(to_string(AddressPort{e.address, e.port}));
  return out;
}

}  // namespace

void Daemon::Impl::build_registry() {
  const auto post_here = [this](std::move_only_function<void()> work) { post(std::move(work)); };
  if (config.store.kind == StoreKind::memory) {
    store = std::make_unique<registry::store::MemoryLog>(post_here);
  } else {
    store = std::make_unique<registry::store::SqliteLog>(
        registry::store::SqliteLog::Options{.folder = config.store.path}, post_here);
  }
  registry_ = std::make_unique<registry::Registry>(config.limits, config.guard);
  feed = std::make_unique<registry::Feed>();
  writes = std::make_unique<registry::WritePath>(*registry_, *store, now_of_process,
                                                 [this](const ChangeSet& changes) { on_change(changes); });
  writes->refuse_while([this] { return reclaimer.waiting() > answers::Reclaimer::kMaxRetired; });
}

std::expected<void, std::string> Daemon::Impl::load_store() {
  // A million rows take seconds: HTTP answers meanwhile (503, and the health routes).
  auto loading = std::async(std::launch::async, [this] { return store->load(); });
  while (loading.wait_for(std::chrono::seconds(0)) != std::future_status::ready) io.run_one_for(Millis(10));
  auto loaded = loading.get();
  if (!loaded) return std::unexpected(loaded.error());
  std::vector<std::string> notes;
  registry_->declare(config.declared, now_of_process(), notes);
  tell(notes, "config.conflict");
  const auto lost = loaded->lost();
  tell(registry_->restore(std::move(loaded->effects), loaded->high_water, now_of_process(), lost), "store.left_out");
  feed->start_at(registry_->revision());
  store_loaded = true;
  return {};
}

std::expected<void, std::string> Daemon::Impl::load_static() {
  auto loaded = load_zones(config);
  if (!loaded) return std::unexpected(joined(loaded.error()));
  zones = std::move(*loaded);
  for (const auto& [apex, names] : zones.names) {
    // At start the static record wins and the service is shadowed: dynamic data never stops a start.
    for (const auto& service : registry_->static_conflicts(apex, names)) {
      log::event("service.shadowed", log::Level::warning, {{"service", service}, {"by", "zone file of " + apex}});
    }
    registry_->set_static_names(apex, names, now_of_process());
  }
  return {};
}

void Daemon::Impl::build_dns() {
  auto& responder = config.dns.responder;
  auto& own_secret = responder.cookie_secrets.secret[0];
  RAND_bytes(own_secret.data(), static_cast<int>(own_secret.size()));
  if (config.cookie_secrets) responder.cookie_secrets = *config.cookie_secrets;
  RAND_bytes(reinterpret_cast<unsigned char*>(&responder.sample_key), sizeof responder.sample_key);
  answers::PublisherOptions options;
  for (const auto& endpoint : config.dns.listen) options.listen_addresses.push_back(endpoint.address);
  const auto listen = options.listen_addresses;
  options.reverse = config.reverse;
  publisher = std::make_unique<answers::Publisher>(std::move(options), reclaimer);
  Maintenance::Parts parts{
      .registry = *registry_,
      .writes = *writes,
      .table = publisher->table(),
      .responder = responder,
      .listen_addresses = listen,
      .reverse = config.reverse,
      .kept_zones = std::nullopt,
      .reverse_moved = [this](const std::string& apex, auto serial) { publisher->set_reverse_serial(apex, serial); },
      .publish_zones = [this] { publish_zones(); }};
  if (config.store.kind == StoreKind::sqlite) parts.kept_zones = config.store.path / "zones";
  maintenance = std::make_unique<Maintenance>(io, std::move(parts));
  config.dns.handoff = &maintenance->handoff();
  resolver = std::make_unique<Resolver>(publisher->table(), responder);
  if (!config.forward.upstreams.empty()) build_forwarder();
  dns = std::make_unique<serve::Server>(config.dns, publisher->table(), reclaimer);
}

// The workers alone hand over: what else answers from the table speaks of our zones.
void Daemon::Impl::build_forwarder() {
  auto& responder = config.dns.responder;
  responder.allow_recursion = config.forward.allow_recursion;
  forwarder =
      std::make_unique<forward::Forwarder>(config.forward, forward::Forwarder::Parts{.table = publisher->table(),
                                                                                     .reclaimer = reclaimer,
                                                                                     .responder = responder,
                                                                                     .tcp_idle = config.dns.tcp_idle,
                                                                                     .tcp_io = config.dns.tcp_io});
  responder.forwards = true;
  config.dns.forwarding = &forwarder->handoff();
}

// Port 0 and wildcards are addresses now, so that an upstream that is this server is found out.
std::expected<void, std::string> Daemon::Impl::open_dns() {
  if (auto opened = dns->open(); !opened) return opened;
  for (const auto& own : as_text(dns->endpoints())) {
    if (std::ranges::find(config.forward.upstreams, own) != config.forward.upstreams.end())
      return std::unexpected("forward.upstreams: " + own + " is this server itself");
  }
  if (forwarder) forwarder->start();
  dns->start();  // the table is not published yet: SERVFAIL with EDE 14, which a resolver takes to another server
  return {};
}

void Daemon::Impl::build_checks() {
  // No registration may make the server probe its own API (incidents S13).
  for (const auto& endpoint : as_text(http->endpoints())) config.checks.forbidden_endpoints.push_back(endpoint);
  checks = std::make_unique<registry::checks::Runner>(
      config.checks,
      [this](registry::checks::Report report) {
        post_report([this, report = std::move(report), posted = steady_clock::now()] { on_probe(report, posted); });
      },
      [this](registry::checks::HostReport report) {
        post_report([this, report = std::move(report), posted = steady_clock::now()] { on_host(report, posted); });
      });
}

// Only the guard wants to know.
void Daemon::Impl::build_self_probe() {
  if (!config.guard.enabled) return;
  std::vector<SelfProbe::Endpoint> listening;
  for (const auto& endpoint : dns->endpoints()) {
    boost::system::error_code error;
    const auto address = asio::ip::make_address(endpoint.address, error);
    if (!error) listening.emplace_back(address, endpoint.port);
  }
  // As often as the checks, but never so seldom that one answer is too old before the next (kSelfProbeValid).
  const auto interval = std::clamp<Millis>(config.http.check_defaults.interval, Millis(1000), Millis(5000));
  self_probe = std::make_unique<SelfProbe>(io, SelfProbe::Options{.interval = interval}, std::move(listening),
                                           [this](bool failed) { on_self_probe(failed); });
  self_probe->start();
}

// Probe thread. A report too many is lost, not queued: the next probe of that check tells the same.
void Daemon::Impl::post_report(std::move_only_function<void()> work) {
  if (reports_waiting.fetch_add(1, std::memory_order_relaxed) >= kMaxReports) {
    reports_waiting.fetch_sub(1, std::memory_order_relaxed);
    return;
  }
  post([this, work = std::move(work)]() mutable {
    reports_waiting.fetch_sub(1, std::memory_order_relaxed);
    work();
  });
}

void Daemon::Impl::build_api() {
  http = std::make_unique<api::Server>(
      io, config.http,
      api::Context{
          .registry = *registry_,
          .writes = *writes,
          .feed = *feed,
          .store = *store,
          .clock = now_of_process,
          .resolve =
              [this](const api::Question& q) { return resolver->resolve(q, registry_->revision(), now_of_process()); },
          .explain = [this](const api::Question& q) { return resolver->explain(q, *registry_, now_of_process()); },
          .last_answered = [this](std::string_view service) { return publisher->last_answered(service); },
          .after_grace = [this](std::move_only_function<void()> next) { after_grace(std::move(next)); },
          .ready =
              [this] {
                return api::Readiness{.ready = ready && !stopping,
                                      .store = store_loaded && !writes->read_only(),
                                      .zones = ready,
                                      .dns = ready};
              },
          .reload = [this] { return reload(); },
          .dns_metrics =
              [this](std::string& out) {
                append_dns_metrics(out, dns->stats(), publisher->stats(), checks->stats());
                maintenance->append_metrics(out);
                if (forwarder) append_forward_metrics(out, forwarder->stats(), config.forward.upstreams);
              },
          .status =
              [this] {
                const auto uptime = std::chrono::duration_cast<std::chrono::seconds>(steady_clock::now() - started);
                const auto addresses = as_text(dns->endpoints());
                return boost::json::object{{"version", registry::kVersion},
                                           {"uptime", registry::format_duration(uptime)},
                                           {"dns", boost::json::array(addresses.begin(), addresses.end())},
                                           {"checks", checks->stats().targets}};
              }});
}

// Everything at once: until here the workers knew nothing and said so, from here on they know all.
void Daemon::Impl::publish_first() {
  maintenance->prepare(config.transfers);
  publish_zones();
  maintenance->configure(config.transfers, zones, now_of_process());
}

// Everything anew, with the zones that were transferred to us.
void Daemon::Impl::publish_zones() {
  auto alone = zones.alone;
  for (auto& zone : maintenance->transferred()) alone.push_back(std::move(zone));
  publisher->set_static_zones(zones.of_namespaces, std::move(alone));
  publisher->publish_all(*registry_, now_of_process());
}

void Daemon::Impl::announce_ready() {
  ready = true;
  const auto dns_text = as_text(dns->endpoints());
  const auto http_text = as_text(http->endpoints());
  if (ready_path) {
    if (auto written = write_ready_file(*ready_path, dns_text, as_text(dns->proxy_endpoints()), http_text); !written) {
      log::event("ready_file.failed", log::Level::error, {{"error", written.error()}});
    }
  }
  log::event("ready", log::Level::info,
             {{"version", registry::kVersion},
              {"dns", boost::json::array(dns_text.begin(), dns_text.end())},
              {"http", boost::json::array(http_text.begin(), http_text.end())},
              {"store", store->stats().kind},
              {"namespaces", registry_->namespaces().size()},
              {"services", registry_->services().size()},
              {"instances", registry_->instance_count()},
              {"revision", registry_->revision()},
              {"ms", std::chrono::duration_cast<Millis>(steady_clock::now() - started).count()}});
  notify_service_manager("READY=1");
}

}  // namespace dnsd
