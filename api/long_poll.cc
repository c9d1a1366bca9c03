#include "api/long_poll.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>
#include <vector>

#include "api/problem.h"

namespace api {
namespace {

using registry::ProblemKind;
using registry::Result;
using registry::Revision;

// How long those that one change woke may take to be answered. What moves by itself (the time left of a lease) is shown
// in seconds.
constexpr registry::Millis kSameWake{50};
constexpr registry::Millis kSettleStep{100};  // a peer that went, or a stop, is seen that soon

Result<Poll> parse_poll(App& app, const Route& route, const Request& request) {
  if (route.dialect) return route.dialect->poll(app, request);
  Poll poll;
  auto index = number_parameter(request, "index");
  if (!index) return std::unexpected(std::move(index.error()));
  auto wait = wait_parameter(request);
  if (!wait) return std::unexpected(std::move(wait.error()));
  poll.index = *index;
  poll.wait = wait->value_or(kDefaultWait);
  return poll;
}

Response render(const Route& route, const Read& read) {
  auto response = read.render();
  if (route.dialect) {
    route.dialect->stamp(response, read.index);
    return response;
  }
  response.set("X-Dnsd-Index", std::to_string(std::max<Revision>(read.index, 1)));
  return response;
}

// What a change wakes are often thousands that ask for the same: it is rendered for the first of them. Only for those
// that were held: others shall see what they did a moment ago (a heartbeat moves no revision). Control thread.
Response render_once(App& app, const Route& route, const Request& request, const Read& read) {
  struct Rendered {
    const Route* route = nullptr;
    std::vector<std::string> params;
    std::vector<std::pair<std::string, std::string>> query;
    Revision index = 0, revision = 0;
    std::chrono::steady_clock::time_point at;
    Response response;
  };
  static thread_local Rendered last;
  auto query = request.query;
  std::erase_if(query, [](const auto& pair) { return pair.first == "index" || pair.first == "wait"; });
  const auto now = std::chrono::steady_clock::now();
  const bool same = last.route == &route && last.index == read.index && last.params == request.params &&
                    last.query == query && last.revision == app.registry().revision() && now - last.at < kSameWake;
  if (!same)
    last = {&route, request.params, std::move(query), read.index, app.registry().revision(), now, render(route, read)};
  return last.response;
}

// Whether a request that waits for something after `index` is still to be held.
bool unchanged(const Read& before, const Read& now, Revision index) {
  if (now.exists != before.exists) return false;
  if (!now.exists) return true;  // waits for the thing to appear, whatever else changes at its parent
  if (before.fingerprint) return now.fingerprint == before.fingerprint;
  return now.index <= index;
}

// Lets a storm of changes pass, until `time` is over or nobody waits any more.
boost::asio::awaitable<void> let_settle(App& app, const Holds::Hold& hold, registry::Millis time) {
  while (time.count() > 0 && !hold.gone) {
    const auto part = std::min(time, kSettleStep);
    time -= part;
    boost::asio::steady_timer pause(app.executor, part);
    boost::system::error_code ignored;
    co_await pause.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
  }
}

// Held: one Event, one subscription, and the request itself. Woken only by changes of the read's key, and between two
// looks at it a dialect lets changes settle, so that what it costs to be woken in vain is bounded too.
boost::asio::awaitable<Response> hold_read(App& app, const Route& route, const Request& request, Read first, Poll poll,
                                           std::shared_ptr<Holds::Hold> hold) {
  using Clock = std::chrono::steady_clock;
  const auto handler = std::get<ReadHandler>(route.handler);
  watch_peer(request, hold);
  auto subscription = app.context.feed.subscribe(first.feed_key, [&app, &hold](const auto&) { app.holds.wake(hold); });
  const auto deadline = Clock::now() + poll.wait;
  for (;;) {
    const bool woken = co_await hold->event.wait_until(deadline);
    if (woken) co_await let_settle(app, *hold, poll.settle);
    auto now = handler(app, request);
    if (now && woken && !hold->gone && unchanged(first, *now, *poll.index)) {
      hold->event.clear();
      continue;
    }
    if (now && woken && now->settle > poll.settle) {
      const auto left = std::chrono::floor<registry::Millis>(deadline - Clock::now());  // of what the client waits
      co_await let_settle(app, *hold, std::min(now->settle - poll.settle, left));
      now = handler(app, request);
    }
    if (!now) co_return error_response(route.dialect, now.error());
    co_return render_once(app, route, request, *now);
  }
}

}  // namespace

Answer answer_read(App& app, const Route& route, const Request& request) {
  auto poll = parse_poll(app, route, request);
  if (!poll) return error_response(route.dialect, poll.error());
  auto read = std::get<ReadHandler>(route.handler)(app, request);
  if (!read) return error_response(route.dialect, read.error());
  // An index from the future is another server's, or one before a restore: it says nothing, so answer at once.
  const auto newest = poll->exact ? read->index : std::max<Revision>(app.registry().revision(), 1);
  const bool waits = poll->index && read->index <= *poll->index && *poll->index <= newest;
  if (!waits || app.stopping || poll->wait.count() == 0) return render(route, *read);
  auto hold = app.holds.take(app.executor);
  if (!hold) return too_many_watchers(app, route.dialect);
  return hold_read(app, route, request, std::move(*read), *poll, std::move(hold));
}

Result<std::optional<std::uint64_t>> number_parameter(const Request& request, std::string_view name) {
  const auto text = request.parameter(name);
  if (!text) return std::nullopt;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc{} || end != text->data() + text->size()) {
    return registry::fail(ProblemKind::bad_request, fmt::format("query parameter \"{}\" must be a number", name));
  }
  return value;
}

Result<bool> flag_parameter(const Request& request, std::string_view name) {
  const auto text = request.parameter(name);
  if (!text || *text == "false" || *text == "0") return false;
  if (*text == "true" || *text == "1" || text->empty()) return true;
  return registry::fail(ProblemKind::bad_request, fmt::format("query parameter \"{}\" is true or false", name));
}

Result<std::optional<registry::Millis>> wait_parameter(const Request& request) {
  const auto text = request.parameter("wait");
  if (!text) return std::nullopt;
  const auto wait = registry::parse_duration(*text);
  if (!wait || *wait > kMaxWait || wait->count() < 0) {
    return registry::fail(ProblemKind::bad_request, "\"wait\" is a duration such as \"30s\", at most \"10m\"");
  }
  return *wait;
}

void watch_peer(const Request& request, const std::shared_ptr<Holds::Hold>& hold) {
  if (!request.watch_peer) return;
  request.watch_peer([weak = std::weak_ptr(hold)] {
    if (const auto held = weak.lock()) {
      held->gone = true;
      held->event.set();
    }
  });
}

Response too_many_watchers(const App& app, const Dialect* dialect) {
  const auto refused =
      refusal(http_problem::busy, fmt::format("{} requests are being held already", app.holds.limit()));
  return error_response(dialect, refused.type, refused.problem);
}

}  // namespace api
