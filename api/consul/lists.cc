#include "api/consul/lists.h"

#include <fmt/format.h>

namespace api::consul {

using registry::ProblemKind;
using registry::Result;

namespace {

// An instance takes about 10 us to render, and the control thread does nothing else meanwhile: a watcher of many may
// take a fifth of it at most, however fast they change.
registry::Millis settle_of(std::size_t instances) { return registry::Millis(instances / 20); }

}  // namespace

std::vector<Entry> entries_of(const App& app, const std::string& service_key) {
  std::vector<Entry> out;
  const auto* service = app.registry().find_service(service_key);
  if (!service) return out;
  out.reserve(service->instances.size());
  for (const auto& [id, instance] : service->instances) out.push_back(entry_of(app, *service, instance));
  return out;
}

std::vector<Entry> entries_of(const App& app, const Catalog::Ids& ids) {
  std::vector<Entry> out;
  for (const auto& [id, refs] : ids) {
    for (const auto& ref : refs) {
      const auto* service = app.registry().find_service(ref.service);
      const auto* instance = app.registry().find_instance(ref.service, ref.id);
      if (service && instance && out.size() < kMaxListed) out.push_back(entry_of(app, *service, *instance));
    }
  }
  return out;
}

Result<std::vector<Entry>> entries_in_state(App& app, std::string_view state) {
  std::vector<Entry> out;
  for (const auto& [key, counts] : app.part<Catalog>().services()) {
    const auto* service = app.registry().find_service(key);
    if (!service) continue;
    for (const auto& [id, instance] : service->instances) {
      if (state != "any" && !has_check_in(instance, state)) continue;
      if (out.size() == kMaxListed) {
        return bad_request(fmt::format("more than {} services are in this state: ask by name", kMaxListed));
      }
      out.push_back(entry_of(app, *service, instance));
    }
  }
  return out;
}

Response list_response(const App& app, const Request& request, const Selection& selection, std::vector<Entry> entries,
                       json::object (*item)(const App&, const Entry&)) {
  std::erase_if(entries, [&](const Entry& entry) { return !selection.takes(entry); });
  selection.sort(entries);
  json::array list;
  for (const auto& entry : entries) {
    if (auto fault = selection.add(list, item(app, entry))) return text_response(400, std::move(*fault));
  }
  return json_answer(request, list);
}

Response check_list_response(const Request& request, const Selection& selection, std::vector<Entry> entries,
                             const std::function<bool(const CheckView&)>& wanted) {
  std::erase_if(entries, [&](const Entry& entry) { return !selection.takes(entry); });
  selection.sort(entries);
  json::array list;
  for (const auto& entry : entries) {
    for (const auto& check : entry.checks) {
      if (!wanted(check)) continue;
      if (auto fault = selection.add(list, check_json(entry, check))) return text_response(400, std::move(*fault));
    }
  }
  return json_answer(request, list);
}

Result<Read> service_read(App& app, const Request& request,
                          Response (*render)(App&, const Request&, const Selection&, const std::string&)) {
  auto selection = Selection::of(app, request);
  if (!selection) return std::unexpected(std::move(selection.error()));
  auto& catalog = app.part<Catalog>();
  const auto service = catalog.service_name(request.params[0]);
  if (!service && service.error().kind != ProblemKind::unknown_namespace) return std::unexpected(service.error());
  const auto key = service ? service->key() : std::string();
  Read read;
  read.index = service ? catalog.service_index(key) : 1;
  read.feed_key = key;
  const auto* present = app.registry().find_service(key);
  read.settle = settle_of(present ? present->instances.size() : 0);
  read.render = [&app, &request, render, key, selection = std::move(*selection)] {
    return render(app, request, selection, key);
  };
  return read;
}

Result<Read> wide_read(App& app, const Request& request, std::size_t size,
                       Response (*render)(App&, const Request&, const Selection&)) {
  auto selection = Selection::of(app, request);
  if (!selection) return std::unexpected(std::move(selection.error()));
  Read read;
  auto& catalog = app.part<Catalog>();
  read.index = catalog.all_index();
  read.settle = settle_of(size);
  read.feed_key = catalog.ns() ? catalog.feed_key() : std::string();
  read.render = [&app, &request, render, selection = std::move(*selection)] { return render(app, request, selection); };
  return read;
}

std::size_t size_of_node(App& app, const Request& request) {
  auto& catalog = app.part<Catalog>();
  const auto node = catalog.nodes().find(catalog.node_key(request.params[0]));
  return node == catalog.nodes().end() ? 0 : node->second.size();
}

Response now(App& app, Response response) {
  kDialect.stamp(response, app.part<Catalog>().all_index());
  return response;
}

}  // namespace api::consul
