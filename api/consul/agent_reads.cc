// /v1/agent/...: reads. These do not block, as Consul's do not.
#include <fmt/format.h>
#include <xxhash.h>

#include <boost/json/serialize.hpp>

#include "api/consul/handlers.h"
#include "api/consul/lists.h"

namespace api::consul {

namespace {

// What Consul's clients expect of a server that has everything they ask for here.
constexpr std::string_view kVersion = "1.15.0";
constexpr int kSerfPort = 8301, kServerPort = 8300;

std::vector<Entry> own_entries(App& app) {
  auto& catalog = app.part<Catalog>();
  const auto node = catalog.nodes().find("");
  return node == catalog.nodes().end() ? std::vector<Entry>() : entries_of(app, node->second);
}

json::object member(const App& app) {
  return {{"Name", app.options.consul.node},
          {"Addr", own_address(app)},
          {"Port", kSerfPort},
          {"Tags", json::object{{"role", "consul"}, {"dc", app.options.consul.datacenter}}},
          {"Status", 1}};  // alive
}

std::string server_address(const App& app) {
  const auto address = own_address(app);
  return address.find(':') == std::string::npos ? fmt::format("{}:{}", address, kServerPort)
                                                : fmt::format("[{}]:{}", address, kServerPort);
}

json::object with_hash(json::object service) {
  const auto text = json::serialize(service);
  service["ContentHash"] = fmt::format("{:016x}", XXH3_64bits(text.data(), text.size()));
  return service;
}

json::object health_of(const App& app, const Entry& entry) {
  return {{"AggregatedStatus", entry.aggregated()},
          {"Service", agent_service_json(app, entry)},
          {"Checks", checks_json(entry)}};
}

int code_of(std::string_view status) { return status == "passing" ? 200 : status == "warning" ? 429 : 503; }

// In Consul's order: maintenance is worse than critical, though the code is the same.
int rank_of(std::string_view status) { return code_of(status) + (status == "maintenance" ? 1 : 0); }

bool wants_text(const Request& request) {
  return request.header("accept").starts_with("text/plain") || request.parameter("format").value_or("") == "text";
}

Response health_answer(const Request& request, std::string_view status, const json::value& body) {
  Response response;
  if (wants_text(request)) {
    response = text_response(200, std::string(status));
  } else {
    response = json_answer(request, body);
  }
  response.status = code_of(status);
  return response;
}

}  // namespace

Response get_agent_services(App& app, const Request& request) {
  const auto selection = Selection::of(app, request);
  if (!selection) return error_response(&kDialect, selection.error());
  json::object out;
  for (const auto& entry : own_entries(app)) {
    auto service = agent_service_json(app, entry);
    const auto passed = selection->passes(service);
    if (!passed) return text_response(400, passed.error());
    if (*passed) out[entry.id] = std::move(service);
  }
  return now(app, json_answer(request, out));
}

Response get_agent_checks(App& app, const Request& request) {
  const auto selection = Selection::of(app, request);
  if (!selection) return error_response(&kDialect, selection.error());
  json::object out;
  for (const auto& entry : own_entries(app)) {
    for (const auto& check : entry.checks) {
      auto item = check_json(entry, check);
      const auto passed = selection->passes(item);
      if (!passed) return text_response(400, passed.error());
      if (*passed) out[check.id] = std::move(item);
    }
  }
  return now(app, json_answer(request, out));
}

Response get_agent_service(App& app, const Request& request) {
  const auto ref = app.part<Catalog>().find("", request.params[0]);
  const auto* service = ref ? app.registry().find_service(ref->service) : nullptr;
  const auto* instance = ref ? app.registry().find_instance(ref->service, ref->id) : nullptr;
  if (!service || !instance) return text_response(404, fmt::format("unknown service ID: {}", request.params[0]));
  return now(app, json_answer(request, with_hash(agent_service_json(app, entry_of(app, *service, *instance)))));
}

Response get_agent_health_by_id(App& app, const Request& request) {
  const auto ref = app.part<Catalog>().find("", request.params[0]);
  const auto* service = ref ? app.registry().find_service(ref->service) : nullptr;
  const auto* instance = ref ? app.registry().find_instance(ref->service, ref->id) : nullptr;
  if (!service || !instance) return text_response(404, fmt::format("ServiceId {} not found", request.params[0]));
  const auto entry = entry_of(app, *service, *instance);
  return now(app, health_answer(request, entry.aggregated(), health_of(app, entry)));
}

// The worst of its instances on our node.
Response get_agent_health_by_name(App& app, const Request& request) {
  auto& catalog = app.part<Catalog>();
  const auto service = catalog.service_name(request.params[0]);
  std::string_view worst = "passing";
  json::array list;
  for (const auto& entry : service ? entries_of(app, service->key()) : std::vector<Entry>()) {
    if (!catalog.node_key(entry.node).empty()) continue;
    if (rank_of(entry.aggregated()) > rank_of(worst)) worst = entry.aggregated();
    list.push_back(health_of(app, entry));
  }
  if (list.empty()) return text_response(404, fmt::format("ServiceName {} Not Found", request.params[0]));
  return now(app, health_answer(request, worst, list));
}

// Every value at the top is an object: Go's client decodes it as a map of maps.
Response get_agent_self(App& app, const Request& request) {
  const json::object config{{"Datacenter", app.options.consul.datacenter},
                            {"PrimaryDatacenter", app.options.consul.datacenter},
                            {"NodeName", app.options.consul.node},
                            {"NodeID", uuid_of(app.options.consul.node)},
                            {"Server", true},
                            {"Revision", ""},
                            {"Version", kVersion}};
  return now(app, json_answer(request, json::object{{"Config", config},
                                                    {"Coord", json::object()},
                                                    {"Member", member(app)},
                                                    {"Stats", json::object()},
                                                    {"Meta", json::object()}}));
}

Response get_agent_members(App& app, const Request& request) {
  return now(app, json_answer(request, json::array{member(app)}));
}

Response get_status_leader(App& app, const Request& request) {
  return now(app, json_answer(request, json::value(server_address(app))));
}

Response get_status_peers(App& app, const Request& request) {
  return now(app, json_answer(request, json::array{json::value(server_address(app))}));
}

}  // namespace api::consul
