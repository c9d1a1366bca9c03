#include <array>
#include <optional>
#include <set>
#include <vector>

#include "api/cloudmap/call.h"
#include "api/cloudmap/filters.h"
#include "api/cloudmap/render.h"

namespace api::cloudmap {
namespace {

constexpr std::array<Filters::Known, 2> kServiceFilters = {{{"NAMESPACE_ID"}, {"RESOURCE_OWNER"}}};

// One page of services by name. `next(after)` is the first service behind a name, or null.
template <class Next>
Step page_of(const registry::Registry& registry, const Page& page, Next next) {
  Step step;
  json::array shown;
  std::string last = page.after;
  for (const auto* service = next(last); service; service = next(last)) {
    if (shown.size() == page.limit) {
      put_next(step.body, last);
      break;
    }
    shown.push_back(service_json(registry, *service, false));
    last = service->name.key();
  }
  step.body["Services"] = std::move(shown);
  return step;
}

using Members = const std::set<std::string_view>*;  // of one namespace: its services

// A namespace of thousands beside others is not worth a walk over all of them.
std::vector<Members> members_of(const Call& call, const std::vector<std::string>& ids) {
  std::vector<Members> out;
  for (const auto& id : ids) {
    const auto* ns = call.state.directory.find_namespace(id);
    if (ns) out.push_back(&call.app.registry().services_of(ns->def.name.key()));
  }
  return out;
}

const registry::Service* next_of(const registry::Registry& registry, const std::vector<Members>& namespaces,
                                 const std::string& after) {
  std::optional<std::string_view> next;
  for (const auto* members : namespaces) {
    const auto at = members->upper_bound(after);
    if (at != members->end() && (!next || *at < *next)) next = *at;
  }
  return next ? registry.find_service(*next) : nullptr;
}

}  // namespace

Out<Step> get_service(Call& call) {
  const auto in = call.in();
  const auto id = in.need("Id", kMaxResourceId);
  if (call.fault) return std::unexpected(*call.fault);
  const auto service = service_at(call, id);
  if (!service) return std::unexpected(service.error());
  Step step;
  step.body["Service"] = service_json(call.app.registry(), **service, true);
  return step;
}

Out<Step> list_services(Call& call) {
  const auto in = call.in();
  const auto page = read_page(in);
  const auto filters = Filters::read(in, kServiceFilters);
  if (call.fault) return std::unexpected(*call.fault);
  const auto& registry = call.app.registry();
  if (!filters.pass("RESOURCE_OWNER", "SELF")) {
    return page_of(registry, page, [](const std::string&) -> const registry::Service* { return nullptr; });
  }
  if (const auto ids = filters.values("NAMESPACE_ID")) {
    const auto namespaces = members_of(call, *ids);
    return page_of(registry, page, [&](const std::string& after) { return next_of(registry, namespaces, after); });
  }
  return page_of(registry, page, [&](const std::string& after) -> const registry::Service* {
    const auto at = registry.services().upper_bound(after);
    return at == registry.services().end() ? nullptr : &at->second;
  });
}

}  // namespace api::cloudmap
