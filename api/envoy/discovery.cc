#include "api/envoy/discovery.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <optional>

#include "api/long_poll.h"
#include "api/problem.h"

namespace api::envoy {
namespace {

using Subscriptions = std::vector<registry::Feed::Subscription>;

// A version is "REVISION.CONTENT". The revision is for people; the content tells whether a client has what there is: a
// change that it cannot see is not sent, other resource_names are, and servers with the same content agree.
std::string hash_of(std::string_view resources) {
  return fmt::format("{:016x}", XXH3_64bits(resources.data(), resources.size()));
}

bool is_of(std::string_view version, std::string_view hash) {
  const auto dot = version.find('.');
  return dot != version.npos && version.substr(dot + 1) == hash;
}

// Or it refused just that: sent again, it would refuse it again.
bool has(const DiscoveryRequest& asked, std::string_view hash) {
  return is_of(asked.version, hash) || (asked.rejected && is_of(asked.nonce, hash));
}

Response discovered(const App& app, const Discovery& discovery, std::string_view resources, std::string_view hash) {
  const auto version = fmt::format("{}.{}", app.registry().revision(), hash);
  Response response;
  response.body.reserve(resources.size() + 256);
  response.body.append(R"({"version_info":")").append(version).append(R"(","resources":[)").append(resources);
  response.body.append(R"(],"type_url":")").append(discovery.type_url).append(R"(","nonce":")").append(version);
  response.body.append("\"}\n");
  return response;
}

// What there is to say now; nothing where the client has it. No text outlives this: thousands are held, and an answer
// may be megabytes long.
std::optional<Response> due(App& app, const Discovery& discovery, const DiscoveryRequest& asked) {
  const auto resources = discovery.resources(app, asked);
  if (!resources) return problem_response(resources.error());
  const auto hash = hash_of(*resources);
  if (has(asked, hash)) return std::nullopt;
  return discovered(app, discovery, *resources, hash);
}

Response not_modified() {
  Response response;
  response.status = 304;
  return response;
}

Subscriptions subscribe(App& app, const Discovery& discovery, const DiscoveryRequest& asked,
                        const std::shared_ptr<Holds::Hold>& hold) {
  Subscriptions all;
  for (auto& key : discovery.keys(app, asked)) {
    all.push_back(app.context.feed.subscribe(std::move(key), [&app, &discovery, hold](const auto& changes) {
      if (!discovery.concerns || discovery.concerns(changes)) app.holds.wake(hold);
    }));
  }
  return all;
}

}  // namespace

boost::asio::awaitable<Response> discover(App& app, Request& request, const Discovery& discovery) {
  const auto asked = read_request(request.body, discovery.type_url);
  if (!asked) co_return problem_response(asked.error());
  const auto deadline = std::chrono::steady_clock::now() + hold_time(request);
  std::string().swap(request.body);  // some 100 KiB of `node`, of every Envoy that is held
  std::shared_ptr<Holds::Hold> hold;
  for (;;) {
    if (auto answer = due(app, discovery, *asked)) co_return *std::move(answer);
    if (app.stopping) co_return not_modified();
    if (!hold) {
      hold = app.holds.take(app.executor);
      if (!hold) co_return too_many_watchers(app);
      watch_peer(request, hold);
    }
    const auto subscriptions = subscribe(app, discovery, *asked, hold);
    const bool woken = co_await hold->event.wait_until(deadline);
    if (!woken || hold->gone) co_return not_modified();
    hold->event.clear();
  }
}

}  // namespace api::envoy
