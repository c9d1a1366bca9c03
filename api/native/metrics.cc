// Prometheus text format 0.0.4. Counts only, no labels that users choose: the number of series is bounded.
#include "api/native/common.h"
#include "api/native/handlers.h"

namespace api::native {

namespace {

class Exposition {
 public:
  void head(std::string_view name, std::string_view type, std::string_view help) {
    fmt::format_to(std::back_inserter(text_), "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
  }
  template <class T>
  void sample(std::string_view name, T value, std::string_view labels = {}) {
    fmt::format_to(std::back_inserter(text_), "{}{} {}\n", name, labels, value);
  }
  template <class T>
  void gauge(std::string_view name, std::string_view help, T value) {
    head(name, "gauge", help);
    sample(name, value);
  }
  template <class T>
  void counter(std::string_view name, std::string_view help, T value) {
    head(name, "counter", help);
    sample(name, value);
  }
  std::string& text() { return text_; }

 private:
  std::string text_;
};

void add_registry(Exposition& page, const App& app) {
  const auto& registry = app.registry();
  std::size_t available = 0;
  for (const auto& [key, service] : registry.services()) available += service.available;
  page.gauge("dnsd_registry_revision", "The current revision.", registry.revision());
  page.gauge("dnsd_registry_namespaces", "Namespaces.", registry.namespaces().size());
  page.gauge("dnsd_registry_services", "Services.", registry.services().size());
  page.gauge("dnsd_registry_instances", "Registered instances.", registry.instance_count());
  page.gauge("dnsd_registry_instances_available", "Instances that may be answered.", available);
  page.gauge("dnsd_registry_overrides", "Overrides in force.", registry.overrides().size());
}

void add_guard(Exposition& page, const App& app) {
  const auto views = app.registry().guards();
  const auto each = [&](std::string_view name, std::string_view type, std::string_view help, auto value) {
    page.head(name, type, help);
    for (const auto& view : views)
      page.sample(name, value(view), fmt::format("{{guard=\"{}\"}}", to_string(view.kind)));
  };
  each("dnsd_guard_holding", "gauge", "1 while failures are held back as our own.",
       [](const auto& view) { return view.state == registry::Guard::State::holding ? 1 : 0; });
  each("dnsd_guard_begun_total", "counter", "How often failures were held back.",
       [](const auto& view) { return view.begun; });
  each("dnsd_guard_lifted_total", "counter", "How often a command ended that.",
       [](const auto& view) { return view.lifted; });
  page.gauge("dnsd_guard_held_instances", "Instances that are answered because the guard holds them.",
             app.registry().held_instances());
}

void add_store(Exposition& page, const App& app) {
  const auto stats = app.context.store.stats();
  const auto seconds = [](std::chrono::microseconds time) { return static_cast<double>(time.count()) / 1e6; };
  page.counter("dnsd_store_commits_total", "Commits that are durable.", stats.commits);
  page.counter("dnsd_store_failures_total", "Commits that failed.", stats.failures);
  page.gauge("dnsd_store_last_sync_seconds", "How long the last commit took.", seconds(stats.last_sync));
  page.gauge("dnsd_store_worst_sync_seconds", "How long the slowest commit took.", seconds(stats.worst_sync));
  page.gauge("dnsd_store_log_rows", "Rows of the change log.", stats.log_rows);
  page.gauge("dnsd_store_live_rows", "Rows that are current.", stats.live_rows);
  page.gauge("dnsd_store_bytes", "Size of the store's files.", stats.bytes);
  page.gauge("dnsd_store_read_only", "1 while the last commit failed.", app.context.writes.read_only() ? 1 : 0);
  page.gauge("dnsd_writes_waiting", "Submissions waiting for the next commit.", app.context.writes.waiting());
}

// Buckets are cumulative, as the format wants them.
void add_propagation(Exposition& page, const registry::Propagation& propagation) {
  constexpr std::string_view name = "dnsd_propagation_seconds";
  const auto seconds = [](std::chrono::nanoseconds time) { return std::chrono::duration<double>(time).count(); };
  page.head(name, "histogram", "From a change's acceptance until every later query sees it, by what brought it.");
  for (std::size_t i = 0; i < registry::kEventNames.size(); ++i) {
    const auto& histogram = propagation.of(static_cast<registry::Event>(i));
    const auto event = fmt::format("event=\"{}\"", registry::kEventNames[i]);
    std::uint64_t count = 0;
    const auto bucket = [&](std::size_t at, std::string_view bound) {
      count += histogram.counts[at];
      page.sample(fmt::format("{}_bucket", name), count, fmt::format("{{{},le=\"{}\"}}", event, bound));
    };
    for (std::size_t at = 0; at < registry::Propagation::kBounds.size(); ++at)
      bucket(at, fmt::format("{}", seconds(registry::Propagation::kBounds[at])));
    bucket(registry::Propagation::kBounds.size(), "+Inf");
    page.sample(fmt::format("{}_sum", name), seconds(histogram.sum), fmt::format("{{{}}}", event));
    page.sample(fmt::format("{}_count", name), count, fmt::format("{{{}}}", event));
  }
}

void add_http(Exposition& page, const App& app) {
  const auto& counters = app.counters;
  page.gauge("dnsd_http_connections", "Open connections.", counters.connections);
  page.counter("dnsd_http_connections_total", "Accepted connections.", counters.accepted);
  page.counter("dnsd_http_connections_refused_total", "Connections told 503 over the limit.", counters.refused);
  page.counter("dnsd_http_accept_errors_total", "Failed accepts.", counters.accept_errors);
  page.gauge("dnsd_http_requests_in_flight", "Requests being handled or held.", counters.in_flight);
  page.gauge("dnsd_http_watchers", "Long polls, event streams and waiting drains.", app.holds.count());
  page.gauge("dnsd_http_sessions", "Registrations bound to an open connection.", app.sessions.size());
  page.gauge("dnsd_feed_subscribers", "Subscriptions to the event feed.", app.context.feed.subscribers());
  page.counter("dnsd_http_exceptions_total", "Requests that met a fault of ours.", counters.exceptions);
  page.counter("dnsd_http_dropped_writes_total", "Peers that did not take their response in time.",
               counters.dropped_writes);
  page.head("dnsd_http_responses_total", "counter", "Responses by status code.");
  for (std::size_t code = 0; code < counters.statuses.size(); ++code) {
    if (counters.statuses[code] == 0) continue;
    page.sample("dnsd_http_responses_total", counters.statuses[code], fmt::format("{{code=\"{}\"}}", code));
  }
}

}  // namespace

Response get_metrics(App& app, const Request&) {
  Exposition page;
  add_registry(page, app);
  add_guard(page, app);
  add_store(page, app);
  add_propagation(page, app.context.writes.propagation());
  add_http(page, app);
  if (app.context.dns_metrics) app.context.dns_metrics(page.text());
  Response response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = std::move(page.text());
  return response;
}

}  // namespace api::native
