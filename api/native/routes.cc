#include "api/native/routes.h"

#include "api/native/handlers.h"

namespace api::native {

namespace {

const std::vector<Parameter> kPaging = {
    {"limit", "at most this many, 10000 by default and at most"},
    {"cursor", "go on after the page that ended with this cursor"},
    {"prefix", "only what begins with this"},
};

const std::vector<Parameter> kQuestion = {
    {"name", "the name asked"},
    {"type", "A by default"},
    {"client", "address[:port] of the asker"},
    {"tcp", "as over TCP"},
    {"size", "the EDNS size offered, 1232 by default"},
};

std::vector<Parameter> paging_and(std::vector<Parameter> more) {
  more.insert(more.end(), kPaging.begin(), kPaging.end());
  return more;
}

void add_namespaces(std::vector<Route>& table) {
  table.push_back({Method::get, "/api/v1/namespaces", list_namespaces, kPaging, "The namespaces"});
  table.push_back({Method::get, "/api/v1/namespaces/{namespace}", get_namespace, {}, "A namespace"});
  table.push_back({Method::put, "/api/v1/namespaces/{namespace}", put_namespace, {}, "Make or replace a namespace"});
  table.push_back({Method::del,
                   "/api/v1/namespaces/{namespace}",
                   delete_namespace,
                   {},
                   "Remove a namespace that holds no service"});
}

void add_services(std::vector<Route>& table) {
  constexpr std::string_view kOne = "/api/v1/services/{service}";
  table.push_back({Method::get, "/api/v1/services", list_services, kPaging, "The services, by name"});
  table.push_back({Method::get, kOne, get_service, {}, "A service's policy and how many instances it has"});
  table.push_back({Method::put, kOne, put_service, {}, "Set a service's whole policy; what is missing is default"});
  table.push_back({Method::del, kOne, delete_service, {{"force", "with its instances"}}, "Remove a service"});
}

void add_instances(std::vector<Route>& table) {
  constexpr std::string_view kAll = "/api/v1/services/{service}/instances";
  constexpr std::string_view kOne = "/api/v1/services/{service}/instances/{id}";
  constexpr std::string_view kHeartbeat = "/api/v1/services/{service}/instances/{id}/heartbeat";
  constexpr std::string_view kDrain = "/api/v1/services/{service}/instances/{id}/drain";
  constexpr std::string_view kSession = "/api/v1/services/{service}/instances/{id}/session";
  auto filters =
      paging_and({{"available", "true or false"}, {"tag", "only those that bear this tag; repeatable", true}});
  table.push_back({Method::get, kAll, list_instances, std::move(filters), "The instances of a service, by id"});
  table.push_back({Method::get, kOne, get_instance, {}, "An instance with its state"});
  table.push_back(
      {Method::put, kOne, put_instance, {}, "Register or replace an instance; an equal one renews its lease"});
  table.push_back({Method::patch, kOne, patch_instance, {}, "Change an instance by a merge patch (RFC 7396)"});
  table.push_back({Method::del, kOne, delete_instance, {}, "Deregister an instance, also one that is gone"});
  table.push_back({Method::put,
                   kHeartbeat,
                   put_heartbeat,
                   {{"check", "name of the heartbeat check"}},
                   "Renew the lease; 404 = register again"});
  table.push_back({Method::post,
                   kDrain,
                   post_drain,
                   {{"wait", "wait until it is safe, at most \"10m\""}},
                   "Take an instance out of new answers and tell when it is safe to stop it"});
  table.push_back({Method::del, kDrain, delete_drain, {}, "Cancel a drain"});
  table.push_back({Method::post,
                   kSession,
                   post_session,
                   {},
                   "Register an instance for as long as this connection lives, and a lease more",
                   Access::token,
                   BodySize::normal,
                   true});
}

void add_overrides(std::vector<Route>& table) {
  constexpr std::string_view kOne = "/api/v1/overrides/{name}";
  table.push_back({Method::get, "/api/v1/overrides", list_overrides, kPaging, "The overrides"});
  table.push_back({Method::get, kOne, get_override, {}, "An override"});
  table.push_back({Method::put, kOne, put_override, {}, "Force what matches up or down"});
  table.push_back({Method::del, kOne, delete_override, {}, "Remove an override"});
}

void add_health(std::vector<Route>& table) {
  table.push_back({Method::get, "/api/v1/guard", get_guard, {}, "Whether failures are held back, and why"});
  table.push_back({Method::del, "/api/v1/guard", delete_guard, {}, "Believe what is held back, now"});
  table.push_back({Method::get,
                   "/api/v1/events",
                   list_events,
                   {{"service", "only this service"},
                    {"id", "only this instance"},
                    {"limit", "at most this many, 100 by default, 1000 at most"}},
                   "What happened to instances, newest first, with the cause"});
}

void add_others(std::vector<Route>& table) {
  table.push_back({Method::get, "/api/v1/nodes", list_nodes, kPaging, "The nodes that instances name"});
  table.push_back({Method::get, "/api/v1/nodes/{node}", get_node, {}, "The instances of a node"});
  table.push_back({Method::post,
                   "/api/v1/batch",
                   post_batch,
                   {{"atomic", "all or none"}, {"return", "full or minimal"}, {"dry_run", "change nothing"}},
                   "Up to 1,000 writes in one commit",
                   Access::token,
                   BodySize::batch});
  table.push_back({Method::get,
                   "/api/v1/watch",
                   get_watch,
                   {{"service", "only this service"}, {"index", "events after this revision"}},
                   "Server-sent events: snapshot, change, reset"});
  table.push_back({Method::get, "/api/v1/resolve", get_resolve, kQuestion, "What DNS answers"});
  auto limited = kQuestion;
  limited.push_back({"limit", "at most this many instances, 1000 by default, 10000 at most"});
  table.push_back({Method::get, "/api/v1/explain", get_explain, std::move(limited),
                   "What DNS answers, and for each instance why it is in the answer or not"});
  table.push_back({Method::get,
                   "/api/v1/prometheus/sd",
                   get_prometheus_targets,
                   {{"service", "only this service"},
                    {"namespace", "only services of this one; then \"service\" may be a label"},
                    {"port", "the named port; \"metrics\" where there is one, else the default port, by default"}},
                   "The instances as targets, for http_sd_configs"});
  table.push_back({Method::get, "/api/v1/status", get_status, {}, "The state of this server"});
  table.push_back({Method::get, "/api/v1/backup", get_backup, {}, "A consistent copy of the store"});
  table.push_back({Method::get, "/api/v1/openapi.json", get_openapi, {}, "This interface as OpenAPI"});
}

void add_operations(std::vector<Route>& table) {
  table.push_back({Method::get, "/metrics", get_metrics, {}, "Metrics in the format of Prometheus"});
  table.push_back({Method::post, "/-/reload", post_reload, {}, "Read configuration and zone files again"});
  for (const auto* path : {"/-/healthy", "/health", "/health/live"}) {
    table.push_back({Method::get, path, get_healthy, {}, "Whether the process is alive", Access::open});
  }
  for (const auto* path : {"/-/ready", "/health/ready"}) {
    table.push_back({Method::get, path, get_ready, {}, "Whether DNS answers from a loaded registry", Access::open});
  }
}

std::vector<Route> make_table() {
  std::vector<Route> table;
  add_namespaces(table);
  add_services(table);
  add_instances(table);
  add_overrides(table);
  add_health(table);
  add_others(table);
  add_operations(table);
  return table;
}

}  // namespace

std::span<const Route> routes() {
  static const std::vector<Route> table = make_table();
  return table;
}

const Router& router() {
  static const Router instance({routes()});
  return instance;
}

}  // namespace api::native
