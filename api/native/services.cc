#include "api/long_poll.h"
#include "api/native/common.h"
#include "api/native/handlers.h"
#include "api/native/render.h"
#include "api/write.h"
#include "registry/codec/codec.h"
#include "registry/text.h"

namespace api::native {

using registry::DomainName;
using registry::ProblemKind;

namespace {

std::optional<registry::Revision> revision_of(const App& app, const DomainName& name) {
  const auto* service = app.registry().find_service(name.key());
  return service ? std::optional(service->revision) : std::nullopt;
}

std::uint64_t fingerprint(const App& app, const Page& page) {
  Fingerprint print;
  const auto& services = app.registry().services();
  for (auto at = services.lower_bound(page.prefix); at != services.end() && at->first.starts_with(page.prefix); ++at) {
    print.add(at->first);
    print.add(at->second.index);
  }
  return print.value();
}

}  // namespace

Result<Read> list_services(App& app, const Request& request) {
  auto page = parse_page(request);
  if (!page) return std::unexpected(page.error());
  page->prefix = registry::fold(page->prefix);
  Read read;
  read.index = app.indexes.services();
  if (!page->prefix.empty() && request.parameter("index")) read.fingerprint = fingerprint(app, *page);
  read.render = [&app, page = *page, index = read.index] {
    const auto item = [](const auto&, const registry::Service& service) {
      return std::optional(service_json(service));
    };
    return json_response(200, list_page("services", app.registry().services(), page, index, item));
  };
  return read;
}

Result<Read> get_service(App& app, const Request& request) {
  const auto name = name_to_read(request.params[0], ProblemKind::unknown_service);
  if (!name) return std::unexpected(name.error());
  const auto* service = app.registry().find_service(name->key());
  if (!service) return absent_service(app, *name);
  Read read;
  read.index = std::max(service->revision, service->index);
  read.feed_key = name->key();
  read.render = [service] { return object_response(service_json(*service)); };
  return read;
}

Result<Plan> put_service(App& app, const Request& request, const json::value* body) {
  auto name = name_to_write(request.params[0]);
  if (!name) return std::unexpected(std::move(name.error()));
  if (!body) return std::unexpected(body_missing("an empty object makes a service with defaults: -d '{}'"));
  auto policy = registry::codec::parse_service(*body, *name, app.options.check_defaults);
  if (!policy) return std::unexpected(std::move(policy.error()));
  Plan plan;
  plan.body = [key = name->key()](App& shown) -> json::value {
    const auto* service = shown.registry().find_service(key);
    return service ? json::value(service_json(*service)) : json::value();
  };
  plan.preview = [policy = *policy, text = name->text()](App&) -> json::value {
    auto out = registry::codec::to_json(policy);
    out["service"] = text;
    return out;
  };
  plan.location = "/api/v1/services/" + registry::percent_encode(name->text());
  plan.action = registry::Command(
      registry::PutService{*name, std::move(*policy), precondition(request, revision_of(app, *name))});
  return plan;
}

Result<Plan> delete_service(App& app, const Request& request, const json::value*) {
  const auto name = name_to_write(request.params[0]);
  if (!name) return std::unexpected(name.error());
  const auto force = flag_parameter(request, "force");
  if (!force) return std::unexpected(force.error());
  Plan plan;
  plan.action =
      registry::Command(registry::DeleteService{*name, *force, precondition(request, revision_of(app, *name))});
  return plan;
}

}  // namespace api::native
