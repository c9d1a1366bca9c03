// /v1/catalog/...: what is registered, whatever its health.
#include <algorithm>

#include "api/consul/handlers.h"
#include "api/consul/lists.h"

namespace api::consul {

namespace {

Response render_catalog_service(App& app, const Request& request, const Selection& selection, const std::string& key) {
  return list_response(app, request, selection, entries_of(app, key), catalog_json);
}

bool runs_where_asked(const App& app, const std::string& key, const Selection& selection) {
  if (!selection.has_node_meta()) return true;
  return std::ranges::any_of(entries_of(app, key), [&](const Entry& entry) { return selection.takes(entry); });
}

// {"worker": ["a","b"]}: the tags of all its instances.
Response render_services(App& app, const Request& request, const Selection& selection) {
  auto& catalog = app.part<Catalog>();
  json::object out;
  for (const auto& [key, service] : catalog.services()) {
    if (!runs_where_asked(app, key, selection)) continue;
    const auto name = catalog.shown_name(key);
    json::array tags;
    for (const auto& [tag, times] : service.tags) tags.emplace_back(tag);
    const json::object item{{"ServiceName", name}, {"ServiceTags", tags}};
    const auto passed = selection.passes(item);
    if (!passed) return text_response(400, passed.error());
    if (*passed) out[name] = std::move(tags);
  }
  return json_answer(request, out);
}

// Our node is there also while nothing runs on it.
json::object own_node(const App& app) {
  const auto& node = app.options.consul.node;
  const auto address = own_address(app);
  return {{"ID", uuid_of(node)},
          {"Node", node},
          {"Address", address},
          {"Datacenter", app.options.consul.datacenter},
          {"TaggedAddresses", json::object{{"lan", address}, {"wan", address}}},
          {"Meta", json::object()},
          {"CreateIndex", 1},
          {"ModifyIndex", 1}};
}

json::object bare_node(const App& app, const Catalog::Node& node) {
  return {{"ID", node.id.empty() ? uuid_of(node.name) : node.id},
          {"Node", node.name},
          {"Address", node.address},
          {"Datacenter", app.options.consul.datacenter},
          {"TaggedAddresses", json::object{{"lan", node.address}, {"wan", node.address}}},
          {"Meta", node.meta},
          {"CreateIndex", node.index},
          {"ModifyIndex", node.index}};
}

// A node is told by the first of its services.
std::optional<Entry> first_of(const App& app, const Catalog::Ids& ids) {
  for (const auto& [id, refs] : ids) {
    for (const auto& ref : refs) {
      const auto* service = app.registry().find_service(ref.service);
      const auto* instance = app.registry().find_instance(ref.service, ref.id);
      if (service && instance) return entry_of(app, *service, *instance);
    }
  }
  return std::nullopt;
}

Response render_nodes(App& app, const Request& request, const Selection& selection) {
  auto& catalog = app.part<Catalog>();
  std::vector<Entry> entries;
  for (const auto& [key, ids] : catalog.nodes()) {
    if (key.empty()) continue;
    auto entry = first_of(app, ids);
    if (entry && entries.size() < kMaxListed && selection.takes(*entry)) entries.push_back(std::move(*entry));
  }
  selection.sort(entries);
  json::array list;
  std::optional<std::string> fault;
  const auto add_bare = [&](bool near) {
    for (const auto& [key, node] : catalog.bare_nodes()) {
      if (fault || catalog.nodes().contains(key) || selection.wants_near(node.name) != near) continue;
      if (selection.takes_node(node.meta)) fault = selection.add(list, bare_node(app, node));
    }
  };
  const bool own_first = selection.wants_near(app.options.consul.node);
  const auto add_own = [&] {
    if (!fault && !selection.has_node_meta()) fault = selection.add(list, own_node(app));
  };
  if (own_first) add_own();
  add_bare(true);
  for (const auto& entry : entries) {
    if (!fault) fault = selection.add(list, node_json(app, entry));
  }
  add_bare(false);
  if (!own_first) add_own();
  if (fault) return text_response(400, std::move(*fault));
  return json_answer(request, list);
}

struct NodeServices {
  json::object node;
  std::vector<Entry> entries;
};
std::optional<NodeServices> find_node(App& app, const std::string& name) {
  auto& catalog = app.part<Catalog>();
  const auto key = catalog.node_key(name);
  const auto found = catalog.nodes().find(key);
  if (found == catalog.nodes().end()) {
    if (key.empty()) return NodeServices{own_node(app), {}};
    const auto bare = catalog.bare_nodes().find(key);
    if (bare == catalog.bare_nodes().end()) return std::nullopt;
    return NodeServices{bare_node(app, bare->second), {}};
  }
  auto entries = entries_of(app, found->second);
  auto node = key.empty() || entries.empty() ? own_node(app) : node_json(app, entries.front());
  return NodeServices{std::move(node), std::move(entries)};
}

Response render_node(App& app, const Request& request, const Selection& selection) {
  auto found = find_node(app, request.params[0]);
  if (!found) return json_answer(request, nullptr);
  json::object services;
  for (const auto& entry : found->entries) {
    auto service = service_json(entry);
    const auto passed = selection.passes(service);
    if (!passed) return text_response(400, passed.error());
    if (*passed) services[entry.id] = std::move(service);
  }
  return json_answer(request, json::object{{"Node", std::move(found->node)}, {"Services", std::move(services)}});
}

Response render_node_services(App& app, const Request& request, const Selection& selection) {
  auto found = find_node(app, request.params[0]);
  if (!found) return json_answer(request, nullptr);
  json::array services;
  for (const auto& entry : found->entries) {
    if (auto fault = selection.add(services, service_json(entry))) return text_response(400, std::move(*fault));
  }
  return json_answer(request, json::object{{"Node", std::move(found->node)}, {"Services", std::move(services)}});
}

// What is listed here tells no health, so health wakes nobody.
registry::Result<Read> facts_read(App& app, const Request& request,
                                  Response (*render)(App&, const Request&, const Selection&)) {
  auto read = wide_read(app, request, size_of_node(app, request), render);
  if (read) read->index = app.part<Catalog>().facts_index();
  return read;
}

}  // namespace

registry::Result<Read> get_catalog_service(App& app, const Request& request) {
  auto read = service_read(app, request, render_catalog_service);
  if (read) read->index = app.part<Catalog>().facts_index(read->feed_key);
  return read;
}

registry::Result<Read> get_catalog_services(App& app, const Request& request) {
  auto& catalog = app.part<Catalog>();
  const bool looks_at_nodes = request.parameter("node-meta").has_value();
  auto read = wide_read(app, request, looks_at_nodes ? catalog.size() : catalog.services().size(), render_services);
  if (read) read->index = catalog.services_index();
  return read;
}

registry::Result<Read> get_catalog_nodes(App& app, const Request& request) {
  auto read = wide_read(app, request, app.part<Catalog>().nodes().size(), render_nodes);
  if (read) read->index = app.part<Catalog>().nodes_index();
  return read;
}

registry::Result<Read> get_catalog_node(App& app, const Request& request) {
  return facts_read(app, request, render_node);
}

registry::Result<Read> get_catalog_node_services(App& app, const Request& request) {
  return facts_read(app, request, render_node_services);
}

Response get_catalog_datacenters(App& app, const Request& request) {
  return now(app, json_answer(request, json::array{app.options.consul.datacenter}));
}

}  // namespace api::consul
