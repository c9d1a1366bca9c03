#include "api/gateway.h"

#include <fmt/format.h>

#include "api/long_poll.h"
#include "api/problem.h"
#include "api/write.h"

namespace api {

namespace {

Refusal larger_than(std::size_t limit) {
  return refusal(http_problem::too_large, fmt::format("a body here is at most {} octets", limit));
}

}  // namespace

Gateway::Gateway(App& app, const std::vector<std::span<const Route>>& tables)
    : app_(app), access_(app.options), router_(tables) {}

Response Gateway::too_large(std::size_t limit, const Dialect* dialect) {
  const auto refused = larger_than(limit);
  return error_response(dialect, refused.type, refused.problem);
}

// A path that does not exist asks for the token as well: who has none learns nothing.
std::optional<Refusal> Gateway::check_token(const Request& request, const Router::Match& match) const {
  if (match.route && match.route->access != Access::token) return std::nullopt;
  const bool elsewhere = match.dialect && match.dialect->token;
  return access_.check_token(request, elsewhere ? match.dialect->token(request) : std::string_view());
}

std::optional<Refusal> Gateway::refuse(const Request& request, const Target& target, const Router::Match& match,
                                       std::size_t limit) const {
  const bool by_name = match.dialect && match.dialect->host;
  const auto also = by_name ? match.dialect->host(app_.options) : std::string_view();
  if (auto refused = access_.check_host(request, target.authority, also)) return refused;
  if (request.content_length.value_or(0) > limit) return larger_than(limit);
  if (auto refused = check_token(request, match)) return refused;
  if (auto refused = AccessRules::check_origin(request)) return refused;
  if (!match.route && match.allow.empty()) {
    return refusal(http_problem::not_found, "there is nothing at " + request.target,
                   "curl http://.../api/v1/openapi.json lists every path");
  }
  if (!match.route) return refusal(http_problem::method_not_allowed, "this path takes " + match.allow);
  if (!match.dialect) {
    if (auto problem = check_parameters(*match.route, request)) {
      return Refusal{problem_type(problem->kind), std::move(*problem)};
    }
  }
  if (match.route->access != Access::open && !app_.open_for_business()) {
    return refusal(http_problem::starting, "the store is not loaded yet");
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
  if (const auto refused = refuse(request, target, match, admission.body_limit)) {
    admission.refusal = error_response(match.dialect, refused->type, refused->problem);
    if (!match.route && !match.allow.empty()) admission.refusal->set("Allow", match.allow);
  }
  admission.route = match.route;
  request.params = std::move(match.params);
  return admission;
}

Answer Gateway::dispatch(const Route& route, Request& request) {
  if (std::holds_alternative<ReadHandler>(route.handler)) return answer_read(app_, route, request);
  if (const auto* plan = std::get_if<PlanHandler>(&route.handler)) return answer_write(app_, *plan, request);
  if (const auto* sync = std::get_if<SyncHandler>(&route.handler)) return (*sync)(app_, request);
  return std::get<AsyncHandler>(route.handler)(app_, request);
}

Answer Gateway::answer(const Route& route, Request& request) {
  try {
    auto answer = dispatch(route, request);
    if (auto* later = std::get_if<boost::asio::awaitable<Response>>(&answer))
      return guard(std::move(*later), route.dialect);
    return answer;
  } catch (const std::exception&) {
    return fault(route.dialect);
  }
}

boost::asio::awaitable<Response> Gateway::guard(boost::asio::awaitable<Response> later, const Dialect* dialect) {
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
  co_return fault(dialect);
}

Response Gateway::fault(const Dialect* dialect) {
  ++app_.counters.exceptions;
  const auto ours = refusal(http_problem::internal, "the request could not be handled; it was counted as our fault");
  return error_response(dialect, ours.type, ours.problem);
}

}  // namespace api
