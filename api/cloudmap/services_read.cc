#include <array>
#include <set>

#include "api/cloudmap/call.h"
#include "api/cloudmap/filters.h"
#include "api/cloudmap/render.h"

namespace api::cloudmap {
namespace {

constexpr std::array<std::string_view, 2> kServiceFilters = {"NAMESPACE_ID", "RESOURCE_OWNER"};

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
  // A namespace of thousands beside others is not worth a walk over all of them.
  if (const auto id = filters.only("NAMESPACE_ID")) {
    const auto* ns = call.state.directory.find_namespace(*id);
    static const std::set<std::string_view> kNone;
    const auto& members = ns ? registry.services_of(ns->def.name.key()) : kNone;
    return page_of(registry, page, [&](const std::string& after) -> const registry::Service* {
      const auto at = members.upper_bound(after);
      return at == members.end() ? nullptr : registry.find_service(*at);
    });
  }
  return page_of(registry, page, [&](const std::string& after) -> const registry::Service* {
    auto at = registry.services().upper_bound(after);
    while (at != registry.services().end() && !filters.pass("NAMESPACE_ID", namespace_id(at->second.apex))) ++at;
    return at == registry.services().end() ? nullptr : &at->second;
  });
}

}  // namespace api::cloudmap
