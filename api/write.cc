#include "api/write.h"

#include <charconv>
#include <limits>

#include "api/long_poll.h"
#include "api/problem.h"
#include "registry/codec/codec.h"

namespace api {
namespace {

namespace json = boost::json;
using registry::Outcome;
using registry::ProblemKind;
using registry::Result;
using registry::Revision;

constexpr Revision kNoRevision = std::numeric_limits<Revision>::max();

Response to_response(const Plan& plan, const Written& result, Outcome outcome) {
  Response response;
  response.status = result.status;
  if (!result.body.is_null()) {
    response = json_response(result.status, result.body);
    if (auto etag = etag_of(result.body); !etag.empty()) response.set("ETag", std::move(etag));
  }
  if (outcome == Outcome::created && !plan.location.empty()) response.set("Location", plan.location);
  return response;
}

Response finish(App& app, const Plan& plan, const registry::WriteResult& result) {
  if (result.results.empty()) return problem_response(http_problem::internal, "the write path gave no result");
  const auto& outcome = result.results.front();
  if (!outcome) return problem_response(outcome.error());
  auto response = to_response(plan, written(app, plan, *outcome), *outcome);
  response.set("X-Dnsd-Index", std::to_string(std::max<Revision>(result.revision, 1)));
  return response;
}

Response rehearse(App& app, const Plan& plan, const registry::Command& command) {
  const auto result = app.context.writes.dry_run({command}, false);
  if (result.results.empty()) return problem_response(http_problem::internal, "the write path gave no result");
  const auto& outcome = result.results.front();
  if (!outcome) return problem_response(outcome.error());
  Written would = written(app, plan, *outcome);
  if (plan.preview) would.body = plan.preview(app);
  auto response = to_response(plan, would, *outcome);
  response.set("X-Dnsd-Index", std::to_string(std::max<Revision>(app.registry().revision(), 1)));
  return response;
}

boost::asio::awaitable<Response> commit(App& app, Plan plan) {
  std::vector<registry::Command> commands;
  commands.push_back(std::move(std::get<registry::Command>(plan.action)));
  auto result = co_await app.submit(std::move(commands), false);
  co_return finish(app, plan, result);
}

Response answer_heartbeat(App& app, const Heartbeat& heartbeat, bool dry_run) {
  Response response;
  response.status = 204;
  if (dry_run) {
    if (auto check = find_heartbeat(app, heartbeat); !check) return problem_response(check.error());
    return response;
  }
  const auto index = beat(app, heartbeat);
  if (!index) return problem_response(index.error());
  response.set("X-Dnsd-Index", std::to_string(std::max<Revision>(*index, 1)));
  return response;
}

std::optional<Revision> parse_etag(std::string_view text) {
  if (text.size() < 3 || text.front() != '"' || text.back() != '"') return std::nullopt;
  Revision value = 0;
  const char* last = text.data() + text.size() - 1;
  const auto [end, error] = std::from_chars(text.data() + 1, last, value);
  if (error != std::errc{} || end != last) return std::nullopt;
  return value;
}

// RFC 9110 13.1.1: any of the list; strong comparison, so W/"..." never matches.
Revision match_any(std::string_view list, std::optional<Revision> current) {
  if (list == "*") return current.value_or(kNoRevision);
  Revision first = kNoRevision;
  while (!list.empty()) {
    const auto comma = list.find(',');
    auto item = list.substr(0, comma);
    list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
    while (item.starts_with(' ')) item.remove_prefix(1);
    while (item.ends_with(' ')) item.remove_suffix(1);
    const auto etag = parse_etag(item);
    if (!etag) continue;
    if (etag == current) return *etag;
    if (first == kNoRevision) first = *etag;
  }
  return first;
}

}  // namespace

Answer answer_write(App& app, PlanHandler handler, const Request& request) {
  const auto dry_run = flag_parameter(request, "dry_run");
  if (!dry_run) return problem_response(dry_run.error());
  std::optional<json::value> body;
  if (!request.body.empty()) {
    auto parsed = registry::codec::parse_document(request.body);
    if (!parsed) return problem_response(parsed.error());
    body.emplace(std::move(*parsed));
  }
  auto plan = handler(app, request, body ? &*body : nullptr);
  if (!plan) return problem_response(plan.error());
  if (const auto* heartbeat = std::get_if<Heartbeat>(&plan->action)) {
    return answer_heartbeat(app, *heartbeat, *dry_run);
  }
  if (*dry_run) return rehearse(app, *plan, std::get<registry::Command>(plan->action));
  return commit(app, std::move(*plan));
}

int status_of(const Plan& plan, Outcome outcome) {
  if (!plan.body) return 204;
  return outcome == Outcome::created ? 201 : 200;
}

Written written(App& app, const Plan& plan, Outcome outcome) {
  return {status_of(plan, outcome), plan.body ? plan.body(app) : json::value()};
}

std::string etag_of(const json::value& body) {
  const auto* object = body.if_object();
  const auto* revision = object ? object->if_contains("revision") : nullptr;
  if (!revision || !revision->is_uint64()) return {};
  return '"' + std::to_string(revision->get_uint64()) + '"';
}

Result<std::string> find_heartbeat(const App& app, const Heartbeat& heartbeat) {
  const auto* instance = app.registry().find_instance(heartbeat.service, heartbeat.id);
  if (!instance) {
    const bool known = app.registry().find_service(heartbeat.service) != nullptr;
    return registry::fail(
        known ? ProblemKind::unknown_instance : ProblemKind::unknown_service,
        heartbeat.id + " of " + heartbeat.service + " is not registered (any more)",
        "register it again: PUT /api/v1/services/" + heartbeat.service + "/instances/" + heartbeat.id);
  }
  std::string found;
  for (const auto& check : *instance->checks) {
    if (check.kind != registry::CheckKind::heartbeat) continue;
    if (heartbeat.check.empty() ? check.name == "lease" : check.name == heartbeat.check) return check.name;
    if (heartbeat.check.empty() && found.empty()) found = check.name;
  }
  if (!found.empty()) return found;
  return registry::fail(ProblemKind::no_lease,
                        heartbeat.check.empty()
                            ? "the instance has no heartbeat check"
                            : "the instance has no heartbeat check named \"" + heartbeat.check + "\"",
                        "register it with \"lease\": \"30s\"");
}

Result<Revision> beat(App& app, const Heartbeat& heartbeat) {
  const auto check = find_heartbeat(app, heartbeat);
  if (!check) return std::unexpected(check.error());
  const auto now = app.now();
  auto changes =
      app.registry().heartbeat(heartbeat.service, heartbeat.id, *check, heartbeat.state, heartbeat.output, now);
  if (!changes) return std::unexpected(std::move(changes.error()));
  if (!changes->empty()) app.context.writes.observe(std::move(*changes), registry::reported(now));
  const auto* instance = app.registry().find_instance(heartbeat.service, heartbeat.id);
  return instance ? std::max(instance->revision, instance->state_revision) : app.registry().revision();
}

registry::Precondition precondition(const Request& request, std::optional<Revision> current) {
  registry::Precondition when;
  if (const auto match = request.header("if-match"); !match.empty()) when.if_match = match_any(match, current);
  when.create_only = request.header("if-none-match") == "*";
  return when;
}

}  // namespace api
