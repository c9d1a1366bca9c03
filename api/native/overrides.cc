#include "api/native/common.h"
#include "api/native/handlers.h"
#include "api/native/render.h"
#include "registry/codec/codec.h"
#include "registry/text.h"

namespace api::native {

using registry::ProblemKind;

namespace {
constexpr std::string_view kFeedKey = "override:";
}

Result<Read> list_overrides(App& app, const Request& request) {
  const auto page = parse_page(request);
  if (!page) return std::unexpected(page.error());
  Read read;
  read.index = app.indexes.overrides();
  read.feed_key = kFeedKey;
  read.render = [&app, page = *page, index = read.index] {
    const auto item = [](const auto&, const registry::Override& rule) { return std::optional(override_json(rule)); };
    return json_response(200, list_page("overrides", app.registry().overrides(), page, index, item));
  };
  return read;
}

Result<Read> get_override(App& app, const Request& request) {
  const auto& name = request.params[0];
  const auto* rule = app.registry().find_override(name);
  if (!rule) {
    registry::Problem problem{ProblemKind::unknown_override, "there is no override " + name, {}, {}};
    return absent(std::move(problem), app.indexes.overrides(), std::string(kFeedKey));
  }
  Read read;
  read.index = rule->revision;
  read.feed_key = kFeedKey;
  read.render = [rule] { return object_response(override_json(*rule)); };
  return read;
}

Result<Plan> put_override(App& app, const Request& request, const json::value* body) {
  const auto& name = request.params[0];
  if (!body) return std::unexpected(body_missing("-d '{\"match\":{\"service\":\"web*.corp\"},\"state\":\"down\"}'"));
  auto def = registry::codec::parse_override(*body, name, app.now().wall);
  if (!def) return std::unexpected(std::move(def.error()));
  Plan plan;
  plan.body = [name](App& shown) -> json::value {
    const auto* rule = shown.registry().find_override(name);
    return rule ? json::value(override_json(*rule)) : json::value();
  };
  plan.preview = [name, def = *def](App&) -> json::value {
    auto out = registry::codec::to_json(def);
    out["name"] = name;
    return out;
  };
  plan.location = "/api/v1/overrides/" + registry::percent_encode(name);
  plan.action = registry::Command(registry::PutOverride{std::move(*def)});
  return plan;
}

Result<Plan> delete_override(App&, const Request& request, const json::value*) {
  Plan plan;
  plan.action = registry::Command(registry::DeleteOverride{request.params[0]});
  return plan;
}

}  // namespace api::native
