#include <fmt/format.h>

#include "api/cloudmap/call.h"
#include "api/cloudmap/notes.h"

namespace api::cloudmap {
namespace {

// A namespace or a service, by its ARN.
struct Resource {
  const registry::Namespace* ns = nullptr;
  const registry::Service* service = nullptr;
  [[nodiscard]] Tags tags(const App& app) const {
    return ns ? notes_of(*ns).tags : notes_of(app.registry(), *service).tags;
  }
};

Out<Resource> resource_at(const Call& call, const std::string& arn) {
  const auto id = id_of_arn(arn);
  const Resource found{call.state.directory.find_namespace(id), call.state.directory.find_service(id)};
  if (found.ns || found.service) return found;
  return refuse("ResourceNotFoundException", fmt::format("Resource {} not found", arn));
}

registry::Command with_tags(const App& app, const Resource& resource, Tags tags) {
  if (resource.ns) {
    auto def = resource.ns->def;
    auto notes = notes_of(*resource.ns);
    notes.tags = std::move(tags);
    keep(notes, def);
    return registry::PutNamespace{std::move(def), {.if_match = resource.ns->revision, .create_only = false}};
  }
  auto policy = resource.service->policy;
  auto notes = notes_of(app.registry(), *resource.service);
  notes.tags = std::move(tags);
  keep(notes, policy);
  return registry::PutService{
      resource.service->name, std::move(policy), {.if_match = resource.service->revision, .create_only = false}};
}

}  // namespace

Out<Step> tag_resource(Call& call) {
  const auto in = call.in();
  const auto arn = in.need("ResourceARN", kMaxResourceId);
  const auto given = read_tags(in);
  if (!in.has("Tags")) in.fail("Tags is required");
  if (call.fault) return std::unexpected(*call.fault);
  const auto resource = resource_at(call, arn);
  if (!resource) return std::unexpected(resource.error());
  auto tags = resource->tags(call.app);
  for (const auto& [key, value] : given) tags[key] = value;
  if (tags.size() > kMaxResourceTags) {
    return refuse("TooManyTagsException", "a resource has at most 50 tags", {{"ResourceName", arn}});
  }
  Step step;
  step.command = with_tags(call.app, *resource, std::move(tags));
  return step;
}

Out<Step> untag_resource(Call& call) {
  const auto in = call.in();
  const auto arn = in.need("ResourceARN", kMaxResourceId);
  const auto keys = in.texts("TagKeys", 200, kMaxTagKey);
  if (!in.has("TagKeys")) in.fail("TagKeys is required");
  if (call.fault) return std::unexpected(*call.fault);
  const auto resource = resource_at(call, arn);
  if (!resource) return std::unexpected(resource.error());
  auto tags = resource->tags(call.app);
  for (const auto& key : keys) tags.erase(key);
  Step step;
  step.command = with_tags(call.app, *resource, std::move(tags));
  return step;
}

Out<Step> list_tags(Call& call) {
  const auto in = call.in();
  const auto arn = in.need("ResourceARN", kMaxResourceId);
  if (call.fault) return std::unexpected(*call.fault);
  const auto resource = resource_at(call, arn);
  if (!resource) return std::unexpected(resource.error());
  Step step;
  step.body["Tags"] = to_json(resource->tags(call.app));
  return step;
}

}  // namespace api::cloudmap
