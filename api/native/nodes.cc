// Nodes exist through their instances: a node is known while one instance names it.
#include "api/native/common.h"
#include "api/native/handlers.h"
#include "api/native/render.h"

namespace api::native {

namespace {

using Refs = std::set<registry::Registry::InstanceRef>;

json::object node_json(const App& app, const std::string& node, const Refs& refs) {
  std::size_t available = 0;
  for (const auto& ref : refs) {
    const auto* instance = app.registry().find_instance(ref.service, ref.id);
    if (instance && instance->available) ++available;
  }
  return {{"node", node}, {"instances", json::object{{"total", refs.size()}, {"available", available}}}};
}

Response full_node(const App& app, const std::string& node, const Refs& refs, registry::Revision index) {
  json::array instances;
  for (const auto& ref : refs) {
    const auto* service = app.registry().find_service(ref.service);
    const auto* instance = app.registry().find_instance(ref.service, ref.id);
    if (service && instance && instances.size() < kMaxPage)
      instances.push_back(instance_json(app, *service, *instance));
  }
  return json_response(200, json::object{{"node", node}, {"instances", std::move(instances)}, {"revision", index}});
}

std::uint64_t fingerprint(const App& app, const Refs& refs) {
  Fingerprint print;
  for (const auto& ref : refs) {
    const auto* instance = app.registry().find_instance(ref.service, ref.id);
    if (!instance) continue;
    print.add(ref.service);
    print.add(ref.id);
    print.add(std::max(instance->revision, instance->state_revision));
  }
  return print.value();
}

}  // namespace

Result<Read> list_nodes(App& app, const Request& request) {
  auto page = parse_page(request);
  if (!page) return std::unexpected(page.error());
  page->prefix = registry::fold(page->prefix);
  Read read;
  read.index = app.indexes.services();
  read.render = [&app, page = *page, index = read.index] {
    const auto item = [&](const std::string& node, const Refs& refs) {
      return std::optional(node_json(app, node, refs));
    };
    return json_response(200, list_page("nodes", app.registry().nodes(), page, index, item));
  };
  return read;
}

Result<Read> get_node(App& app, const Request& request) {
  const auto node = registry::fold(request.params[0]);
  const auto found = app.registry().nodes().find(node);
  Read read;
  read.index = app.indexes.services();
  if (found == app.registry().nodes().end() || found->second.empty()) {
    read.exists = false;
    read.render = [node] { return problem_response(http_problem::unknown_node, "no instance names the node " + node); };
    return read;
  }
  if (request.parameter("index")) read.fingerprint = fingerprint(app, found->second);
  read.render = [&app, found, index = read.index] { return full_node(app, found->first, found->second, index); };
  return read;
}

}  // namespace api::native
