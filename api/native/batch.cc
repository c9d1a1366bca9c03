// Many writes in one request and one commit. Each operation is decoded by the handler of its own route; heartbeats
// are observations and follow the commit, in order.
#include <array>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>

#include "api/long_poll.h"
#include "api/native/common.h"
#include "api/native/handlers.h"
#include "api/native/routes.h"
#include "api/write.h"
#include "registry/codec/codec.h"

namespace api::native {

using registry::Problem;
using registry::ProblemKind;

namespace {

constexpr std::array<std::string_view, 4> kMembers = {"method", "path", "body", "if_match"};

struct Operation {
  std::optional<Plan> plan;
  std::optional<Response> refusal;     // could not be decoded
  std::optional<std::size_t> command;  // its place in the submission
};

struct Modes {
  bool atomic = false, minimal = false, dry_run = false;
};

Result<Modes> parse_modes(const Request& request) {
  const auto atomic = flag_parameter(request, "atomic");
  if (!atomic) return std::unexpected(atomic.error());
  const auto dry_run = flag_parameter(request, "dry_run");
  if (!dry_run) return std::unexpected(dry_run.error());
  const auto shape = request.parameter("return").value_or("full");
  if (shape != "full" && shape != "minimal") {
    return registry::fail(ProblemKind::bad_request, "\"return\" is full or minimal");
  }
  return Modes{*atomic, shape == "minimal", *dry_run};
}

Problem bad_operation(std::string code, std::string member, std::string message, std::string near = {}) {
  Problem problem{ProblemKind::invalid_registration, "the operation is not valid", {}, {}};
  problem.errors.push_back({"#/" + std::move(member), std::move(code), std::move(message), std::move(near)});
  return problem;
}

Result<std::string> read_text(const json::object& object, std::string_view member, bool needed) {
  const auto* value = object.if_contains(member);
  if (!value && !needed) return std::string();
  const auto* text = value ? value->if_string() : nullptr;
  if (!text)
    return std::unexpected(bad_operation(value ? "wrong_type" : "missing", std::string(member), "must be a string"));
  return std::string(text->data(), text->size());
}

// The operation as the request that it stands for.
Result<Request> read_operation(const json::object& object, const Request& outer, bool rehearsal) {
  for (const auto& member : object) {
    const std::string_view name(member.key().data(), member.key().size());
    if (std::ranges::find(kMembers, name) != kMembers.end()) continue;
    return std::unexpected(bad_operation("unknown_field", std::string(name), "is not a member of an operation",
                                         std::string(registry::codec::did_you_mean(name, kMembers))));
  }
  auto method = read_text(object, "method", true);
  if (!method) return std::unexpected(std::move(method.error()));
  auto path = read_text(object, "path", true);
  if (!path) return std::unexpected(std::move(path.error()));
  auto if_match = read_text(object, "if_match", false);
  if (!if_match) return std::unexpected(std::move(if_match.error()));
  Request request;
  request.verb = std::move(*method);
  request.method = parse_method(request.verb);
  request.target = std::move(*path);
  request.peer = outer.peer;
  request.rehearsal = rehearsal;
  if (if_match == "") return request;
  // The bare revision of a GET's body is as good as its ETag.
  const bool bare = std::ranges::all_of(*if_match, [](char c) { return c >= '0' && c <= '9'; });
  request.headers.emplace_back("if-match", bare ? '"' + *if_match + '"' : std::move(*if_match));
  return request;
}

Response not_in_batches(const Request& request) {
  return problem_response(http_problem::not_found,
                          request.verb + " " + request.target + " is no write that a batch can hold");
}

Operation decode(App& app, const json::value& value, const Request& outer, bool rehearsal) {
  Operation operation;
  const auto* object = value.if_object();
  if (!object) {
    operation.refusal = problem_response(bad_operation("wrong_type", "", "an operation is an object"));
    return operation;
  }
  auto request = read_operation(*object, outer, rehearsal);
  Target target;
  if (!request) {
    operation.refusal = problem_response(request.error());
  } else if (const auto error = parse_target(request->target, target)) {
    operation.refusal = problem_response(http_problem::bad_request, error->message);
  } else {
    auto match = router().match(request->method, target.segments);
    request->query = std::move(target.query);
    request->params = std::move(match.params);
    const auto* handler = match.route ? std::get_if<PlanHandler>(&match.route->handler) : nullptr;
    if (!handler || request->parameter("dry_run")) {
      operation.refusal = not_in_batches(*request);
    } else if (const auto unknown = check_parameters(*match.route, *request)) {
      operation.refusal = problem_response(*unknown);
    } else if (auto plan = (*handler)(app, *request, object->if_contains("body")); !plan) {
      operation.refusal = problem_response(plan.error());
    } else {
      operation.plan = std::move(*plan);
    }
  }
  return operation;
}

json::object result_of(const Response& refusal, bool minimal, json::storage_ptr arena = {}) {
  json::object out(std::move(arena));
  out.emplace("status", refusal.status);
  if (!minimal || refusal.status >= 400) out["body"] = json::parse(refusal.body);
  return out;
}

json::object result_of(Written result, bool minimal, json::storage_ptr arena) {
  json::object out(std::move(arena));
  out.emplace("status", result.status);
  if (!minimal && !result.body.is_null()) out["body"] = std::move(result.body);
  return out;
}

json::object perform(App& app, const Operation& operation, const registry::WriteResult& result, const Modes& modes,
                     const json::storage_ptr& arena) {
  const auto say = [&](const auto& checked) {
    return checked ? result_of(Written{}, modes.minimal, arena)
                   : result_of(problem_response(checked.error()), modes.minimal, arena);
  };
  if (operation.refusal) return result_of(*operation.refusal, modes.minimal, arena);
  if (const auto* heartbeat = std::get_if<Heartbeat>(&operation.plan->action)) {
    return modes.dry_run ? say(find_heartbeat(app, *heartbeat)) : say(beat(app, *heartbeat));
  }
  const auto& outcome = result.results.at(*operation.command);
  if (!outcome) return result_of(problem_response(outcome.error()), modes.minimal, arena);
  // A body that nobody asked for costs as much as the rest of the operation.
  if (modes.minimal) return result_of(Written{status_of(*operation.plan, *outcome), {}}, true, arena);
  auto done = written(app, *operation.plan, *outcome);
  if (modes.dry_run) done.body = operation.plan->preview ? operation.plan->preview(app) : json::value();
  return result_of(std::move(done), modes.minimal, arena);
}

// A failed atomic batch: one problem, and what each operation would have said.
Response failed_batch(std::size_t failed, const Response& why, std::size_t count) {
  const Problem other{ProblemKind::failed_dependency, fmt::format("operation {} failed", failed), {}, {}};
  const auto dependency = result_of(problem_response(other), false);
  json::array results;
  for (std::size_t i = 0; i < count; ++i) results.push_back(i == failed ? result_of(why, false) : dependency);
  Problem problem{ProblemKind::batch_failed, fmt::format("operation {} failed; nothing was applied", failed), {}, {}};
  auto body = problem_json(problem_type(problem.kind), problem);
  body["failed_index"] = failed;
  body["results"] = std::move(results);
  auto response = json_response(422, body);
  response.content_type = "application/problem+json";
  return response;
}

// What fails an atomic batch before anything is submitted.
std::optional<std::size_t> first_refusal(const App& app, std::vector<Operation>& operations) {
  bool writes = false;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    auto& operation = operations[i];
    if (operation.refusal) return i;
    const auto* heartbeat = std::get_if<Heartbeat>(&operation.plan->action);
    writes |= heartbeat == nullptr;
    if (!heartbeat || writes) continue;  // its instance may be made by an operation before it
    if (const auto check = find_heartbeat(app, *heartbeat); !check) {
      operation.refusal = problem_response(check.error());
      return i;
    }
  }
  return std::nullopt;
}

// The store refused the commit: that is the answer to the whole request, not to a thousand parts of it.
const Problem* whole_failure(const registry::WriteResult& result) {
  const Problem* failure = nullptr;
  for (const auto& outcome : result.results) {
    if (outcome) return nullptr;
    failure = &outcome.error();
    const bool whole = failure->kind == ProblemKind::overloaded || failure->kind == ProblemKind::disk_full ||
                       failure->kind == ProblemKind::store_unavailable;
    if (!whole) return nullptr;
  }
  return failure;
}

Result<json::array> read_operations(const Request& request) {
  if (request.body.empty()) return std::unexpected(body_missing("{\"operations\":[...]}"));
  auto document = registry::codec::parse_document(request.body);
  if (!document) return std::unexpected(std::move(document.error()));
  auto* object = document->if_object();
  auto* operations = object ? object->if_contains("operations") : nullptr;
  if (!operations || !operations->is_array()) {
    return std::unexpected(bad_operation(operations ? "wrong_type" : "missing", "operations", "must be a list"));
  }
  if (object->size() > 1) {
    for (const auto& member : *object) {
      if (member.key() == "operations") continue;
      return std::unexpected(
          bad_operation("unknown_field", std::string(member.key()), "a batch holds operations alone"));
    }
  }
  return std::move(operations->get_array());
}

awaitable<registry::WriteResult> run(App& app, std::vector<Operation>& operations, Modes modes) {
  std::vector<registry::Command> commands;
  commands.reserve(operations.size());
  for (auto& operation : operations) {
    auto* command = operation.plan ? std::get_if<registry::Command>(&operation.plan->action) : nullptr;
    if (!command) continue;
    operation.command = commands.size();
    commands.push_back(std::move(*command));
  }
  registry::WriteResult result;
  result.revision = app.registry().revision();
  if (commands.empty()) co_return result;
  if (modes.dry_run) co_return app.context.writes.dry_run(commands, modes.atomic);
  result = co_await app.submit(std::move(commands), modes.atomic);
  co_return result;
}

}  // namespace

awaitable<Response> post_batch(App& app, Request& request) {
  const auto modes = parse_modes(request);
  if (!modes) co_return problem_response(modes.error());
  auto list = read_operations(request);
  if (!list) co_return problem_response(list.error());
  if (list->size() > app.options.max_batch_operations) {
    co_return problem_response(http_problem::too_large,
                               fmt::format("a batch holds at most {} operations", app.options.max_batch_operations));
  }
  std::vector<Operation> operations;
  operations.reserve(list->size());
  for (const auto& item : *list) operations.push_back(decode(app, item, request, modes->dry_run));
  if (modes->atomic) {
    if (const auto failed = first_refusal(app, operations)) {
      co_return failed_batch(*failed, *operations[*failed].refusal, operations.size());
    }
  }
  auto result = co_await run(app, operations, *modes);
  if (const auto* failure = whole_failure(result)) co_return problem_response(*failure);
  if (result.failed_index) {
    const auto failed = std::ranges::find(operations, result.failed_index, &Operation::command) - operations.begin();
    const auto why = problem_response(result.results.at(*result.failed_index).error());
    co_return failed_batch(static_cast<std::size_t>(failed), why, operations.size());
  }
  const auto arena = json::make_shared_resource<json::monotonic_resource>();
  json::array results(arena);
  results.reserve(operations.size());
  for (const auto& operation : operations) results.push_back(perform(app, operation, result, *modes, arena));
  json::object body(arena);
  body.emplace("revision", result.revision);
  body.emplace("results", std::move(results));
  auto response = json_response(200, std::move(body));
  response.set("X-Dnsd-Index", std::to_string(std::max<registry::Revision>(result.revision, 1)));
  co_return response;
}

}  // namespace api::native
