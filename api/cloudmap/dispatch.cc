// Who asks, what is asked, the handler, the commit, the answer.
#include "api/cloudmap/dispatch.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <boost/json/object.hpp>

#include "api/cloudmap/call.h"
#include "api/cloudmap/signature.h"
#include "registry/codec/codec.h"

namespace api::cloudmap {
namespace {

constexpr std::string_view kTargetPrefix = "Route53AutoNaming_v20170314.";

struct Named {
  std::string_view name;
  Handler* run;
};

constexpr Named kHandlers[] = {
    {"CreateHttpNamespace", create_http_namespace},
    {"CreatePrivateDnsNamespace", create_private_namespace},
    {"CreatePublicDnsNamespace", create_public_namespace},
    {"CreateService", create_service},
    {"DeleteNamespace", delete_namespace},
    {"DeleteService", delete_service},
    {"DeregisterInstance", deregister_instance},
    {"DiscoverInstances", discover},
    {"DiscoverInstancesRevision", discover_revision},
    {"GetInstance", get_instance},
    {"GetInstancesHealthStatus", get_health},
    {"GetNamespace", get_namespace},
    {"GetOperation", get_operation},
    {"GetService", get_service},
    {"ListInstances", list_instances},
    {"ListNamespaces", list_namespaces},
    {"ListOperations", list_operations},
    {"ListServices", list_services},
    {"ListTagsForResource", list_tags},
    {"RegisterInstance", register_instance},
    {"TagResource", tag_resource},
    {"UntagResource", untag_resource},
    {"UpdateHttpNamespace", update_http_namespace},
    {"UpdateInstanceCustomHealthStatus", update_health},
    {"UpdatePrivateDnsNamespace", update_private_namespace},
    {"UpdatePublicDnsNamespace", update_public_namespace},
    {"UpdateService", update_service},
};

// Signed where a key is configured; else as the rest of the API: the token, if there is one.
std::optional<Error> check_caller(const App& app, const State& state, const Request& request) {
  const auto& options = app.options.cloudmap;
  if (!options.access_key_id.empty()) {
    return check_signature(request, {options.access_key_id, options.secret_key}, app.now().wall);
  }
  if (!state.access.check_token(request)) return std::nullopt;
  return Error{"MissingAuthenticationTokenException",
               "this server has a token and no [cloudmap] access_key_id: signed requests cannot be verified",
               403,
               {}};
}

Out<const Named*> handler_of(const Request& request) {
  const auto target = request.header("x-amz-target");
  const auto name = target.starts_with(kTargetPrefix) ? target.substr(kTargetPrefix.size()) : std::string_view();
  const auto at = std::ranges::find(kHandlers, name, &Named::name);
  if (at != std::end(kHandlers)) return at;
  return refuse("UnknownOperationException", fmt::format("\"{}\" is no operation of Cloud Map here", target));
}

Out<json::object> read_body(const Request& request) {
  if (request.body.empty()) return json::object();
  auto parsed = registry::codec::parse_document(request.body);
  if (!parsed) return refuse("SerializationException", parsed.error().detail);
  if (!parsed->is_object()) return refuse("SerializationException", "the body must be an object");
  return std::move(parsed->get_object());
}

// Everything before the commit.
Out<Step> begin_request(App& app, State& state, const Request& request) {
  if (auto error = check_caller(app, state, request)) return std::unexpected(std::move(*error));
  const auto handler = handler_of(request);
  if (!handler) return std::unexpected(handler.error());
  const auto body = read_body(request);
  if (!body) return std::unexpected(body.error());
  Call call{app, state, (*handler)->name, *body};
  return (*handler)->run(call);
}

// Everything after it.
Out<json::object> settle(App& app, State& state, Step& step, const registry::WriteResult& result) {
  const auto finish = [&]() -> Out<json::object> {
    if (result.results.empty())
      return std::unexpected(Error{"InternalFailure", "the write path gave no result", 500, {}});
    const auto& outcome = result.results.front();
    if (outcome) return step.after ? step.after(app) : std::move(step.body);
    auto meant = step.explain ? step.explain(outcome.error()) : std::nullopt;
    return std::unexpected(meant ? std::move(*meant) : to_error(outcome.error()));
  };
  auto out = finish();
  if (step.operation.empty()) return out;
  if (out) {
    state.operations.succeed(step.operation, app.now().wall);
  } else {
    state.operations.fail(step.operation, out.error(), app.now().wall);
  }
  return out;
}

std::string request_id(State& state) {
  const auto text = state.secret + fmt::format("/request/{}", ++state.requests);
  const auto hash = XXH3_128bits(text.data(), text.size());
  return fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}", hash.high64 >> 32, hash.high64 >> 16 & 0xffff,
                     hash.high64 & 0xfff, (hash.low64 >> 48 & 0x3fff) | 0x8000, hash.low64 & 0xffffffffffffULL);
}

Response to_response(const Out<json::object>& out, const std::string& id) {
  auto response = out ? answer(*out) : answer(out.error());
  response.set("x-amzn-RequestId", id);
  return response;
}

}  // namespace

boost::asio::awaitable<Response> post_root(App& app, Request& request) {
  auto& state = app.part<State>();
  const auto id = request_id(state);
  auto step = begin_request(app, state, request);
  if (!step) co_return to_response(std::unexpected(std::move(step.error())), id);
  if (!step->command) co_return to_response(std::move(step->body), id);
  std::vector<registry::Command> commands;
  commands.push_back(std::move(*step->command));
  const auto result = co_await app.submit(std::move(commands), false);
  co_return to_response(settle(app, state, *step, result), id);
}

}  // namespace api::cloudmap
