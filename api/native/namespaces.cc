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

std::function<json::value(App&)> show(std::string key) {
  return [key = std::move(key)](App& app) -> json::value {
    const auto* ns = app.registry().find_namespace(key);
    return ns ? json::value(namespace_json(app, *ns)) : json::value();
  };
}

std::optional<registry::Revision> revision_of(const App& app, const DomainName& name) {
  const auto* ns = app.registry().find_namespace(name.key());
  return ns ? std::optional(ns->revision) : std::nullopt;
}

}  // namespace

Result<Read> list_namespaces(App& app, const Request& request) {
  const auto page = parse_page(request);
  if (!page) return std::unexpected(page.error());
  Read read;
  read.index = app.indexes.namespaces();
  read.render = [&app, page = *page, index = read.index] {
    const auto item = [&](const auto&, const registry::Namespace& ns) {
      return std::optional(namespace_json(app, ns));
    };
    return json_response(200, list_page("namespaces", app.registry().namespaces(), page, index, item));
  };
  return read;
}

Result<Read> get_namespace(App& app, const Request& request) {
  const auto name = name_to_read(request.params[0], ProblemKind::unknown_namespace);
  if (!name) return std::unexpected(name.error());
  const auto* ns = app.registry().find_namespace(name->key());
  if (!ns) {
    registry::Problem problem{ProblemKind::unknown_namespace, name->text() + " is not a namespace here", {}, {}};
    problem.hint = "curl -X PUT -d '{}' http://.../api/v1/namespaces/" + name->text();
    return absent(std::move(problem), app.indexes.namespaces(), "");
  }
  Read read;
  read.index = std::max(ns->revision, app.registry().namespace_index(name->key()).value_or(0));
  read.feed_key = "ns:" + name->key();
  read.render = [&app, ns] { return object_response(namespace_json(app, *ns)); };
  return read;
}

Result<Plan> put_namespace(App& app, const Request& request, const json::value* body) {
  auto name = name_to_write(request.params[0]);
  if (!name) return std::unexpected(std::move(name.error()));
  if (!body) return std::unexpected(body_missing("an empty object makes a namespace with defaults: -d '{}'"));
  auto def = registry::codec::parse_namespace(*body, *name);
  if (!def) return std::unexpected(std::move(def.error()));
  Plan plan;
  plan.body = show(name->key());
  plan.preview = [def = *def](App&) -> json::value {
    auto out = registry::codec::to_json(def);
    out["name"] = def.name.text();
    return out;
  };
  plan.location = "/api/v1/namespaces/" + registry::percent_encode(name->text());
  plan.action =
      registry::Command(registry::PutNamespace{std::move(*def), precondition(request, revision_of(app, *name))});
  return plan;
}

Result<Plan> delete_namespace(App& app, const Request& request, const json::value*) {
  const auto name = name_to_write(request.params[0]);
  if (!name) return std::unexpected(name.error());
  Plan plan;
  plan.action =
      registry::Command(registry::DeleteNamespace{name->key(), precondition(request, revision_of(app, *name))});
  return plan;
}

}  // namespace api::native
