#include "api/gateway.h"

#include <fmt/format.h>

#include "api/long_poll.h"
#include "api/problem.h"
#include "api/write.h"

namespace api {

Gateway::Gateway(App& app, std::span<const Route> routes) : app_(app), access_(app.options), router_(routes) {}

Response Gateway::too_large(std::size_t limit) const {
  return problem_response(http_problem::too_large, fmt::format("a body here is at most {} octets", limit));
}

std::optional<Response> Gateway::refuse(const Request& request, const Target& target, const Router::Match& match,
                                        std::size_t limit) const {
  if (auto refusal = access_.check_host(request, target.authority)) return refusal;
  if (request.content_length.value_or(0) > limit) return too_large(limit);
  const bool open = match.route && match.route->access == Access::open;
  if (!open) {
    if (auto refusal = access_.check_token(request)) return refusal;
  }
  if (auto refusal = AccessRules::check_origin(request)) return refusal;
  if (!match.route && match.allow.empty()) {
    return problem_response(http_problem::not_found, "there is nothing at " + request.target,
                            "curl http://.../api/v1/openapi.json lists every path");
  }
  if (!match.route) {
    auto refusal = problem_response(http_problem::method_not_allowed, "this path takes " + match.allow);
    refusal.set("Allow", match.allow);
    return refusal;
  }
  if (auto problem = check_parameters(*match.route, request)) return problem_response(*problem);
  if (!open && !app_.open_for_business()) {
    return problem_response(http_problem::starting, "the store is not loaded yet");
  }
  return std::nullopt;
}

Gateway::Admission Gateway::admit(Request& request) const {
  Admission admission;
  Target target;
  if (const auto error = parse_target(request.target, target)) {
    admission.refusal = problem_response(http_problem::bad_request, error->message);
    return admission;
  }
  auto match = router_.match(request.method, target.segments);
  const bool batch = match.route && match.route->body == BodySize::batch;
  admission.body_limit = batch ? app_.options.max_batch_body : app_.options.max_body;
  request.query = std::move(target.query);
  admission.refusal = refuse(request, target, match, admission.body_limit);
  admission.route = match.route;
  request.params = std::move(match.params);
  return admission;
}

Answer Gateway::dispatch(const Route& route, Request& request) {
  if (const auto* read = std::get_if<ReadHandler>(&route.handler)) return answer_read(app_, *read, request);
  if (const auto* plan = std::get_if<PlanHandler>(&route.handler)) return answer_write(app_, *plan, request);
  if (const auto* sync = std::get_if<SyncHandler>(&route.handler)) return (*sync)(app_, request);
  return std::get<AsyncHandler>(route.handler)(app_, request);
}

Answer Gateway::answer(const Route& route, Request& request) {
  try {
    auto answer = dispatch(route, request);
    if (auto* later = std::get_if<boost::asio::awaitable<Response>>(&answer)) return guard(std::move(*later));
    return answer;
  } catch (const std::exception&) {
    return fault();
  }
}

boost::asio::awaitable<Response> Gateway::guard(boost::asio::awaitable<Response> later) {
  struct InFlight {
    std::uint64_t& count;
    explicit InFlight(std::uint64_t& c) : count(c) { ++count; }
    ~InFlight() { --count; }
  } in_flight(app_.counters.in_flight);
  try {
    auto response = co_await std::move(later);
    co_return response;
  } catch (const std::exception&) {
  }
  co_return fault();
}

Response Gateway::fault() {
  ++app_.counters.exceptions;
  return problem_response(http_problem::internal, "the request could not be handled; it was counted as our fault");
}

}  // namespace api
