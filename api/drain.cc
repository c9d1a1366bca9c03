#include "api/drain.h"

#include <algorithm>

namespace api {

using registry::DomainName;
using registry::Wall;

namespace {

Wall measure(const App& app, const registry::Service& service, const registry::Instance& instance) {
  const auto now = app.now();
  const auto ttl = app.registry().ttl_of(service), target_ttl = app.registry().target_ttl_of(service);
  auto end = now.mono;
  const auto last = app.context.last_answered ? app.context.last_answered(service.name.key()) : std::nullopt;
  if (last) end = std::max(end, *last + ttl + target_ttl);
  if (app.loaded_at && instance.created <= *app.loaded_at) end = std::max(end, app.started + ttl + 2 * target_ttl);
  return now.wall + std::chrono::ceil<registry::Millis>(end - now.mono);
}

}  // namespace

boost::asio::awaitable<std::optional<registry::Problem>> start_drain(App& app, DomainName service, std::string id) {
  std::vector<registry::Command> commands;
  commands.emplace_back(registry::DrainInstance{service, id});
  auto drained = co_await app.submit(std::move(commands), false);
  if (!drained.results.empty() && !drained.results[0]) co_return drained.results[0].error();
  co_return co_await measure_drain(app, std::move(service), std::move(id));
}

boost::asio::awaitable<std::optional<registry::Problem>> measure_drain(App& app, DomainName service, std::string id) {
  const auto* drained = app.registry().find_instance(service.key(), id);
  if (!drained || !drained->drain_started || drained->safe_after) co_return std::nullopt;
  const std::optional<Wall> started = drained->drain_started;

  auto grace = [&app](auto done) { app.context.after_grace([done]() mutable { done(true); }); };
  if (app.context.after_grace) co_await until_done<bool>(app.executor, grace);
  const auto* found = app.registry().find_service(service.key());
  const auto* instance = app.registry().find_instance(service.key(), id);
  // Another drain than the one that grace was waited for (undone, and asked for anew) is its own caller's to measure.
  if (!found || !instance || instance->safe_after || std::optional<Wall>(instance->drain_started) != started)
    co_return std::nullopt;
  std::vector<registry::Command> measured;
  measured.emplace_back(registry::SetSafeAfter{service.key(), id, measure(app, *found, *instance), started});
  auto result = co_await app.submit(std::move(measured), false);
  if (!result.results.empty() && !result.results[0]) co_return result.results[0].error();
  co_return std::nullopt;
}

}  // namespace api
