#include "api/long_poll.h"
#include "api/native/common.h"
#include "api/native/handlers.h"

namespace api::native {

namespace {

Result<Question> parse_question(const Request& request) {
  Question question;
  question.name = std::string(request.parameter("name").value_or(""));
  if (question.name.empty()) {
    return registry::fail(registry::ProblemKind::bad_request, "the query parameter \"name\" is missing",
                          "curl 'http://.../api/v1/resolve?name=worker.corp&type=SRV'");
  }
  question.type = std::string(request.parameter("type").value_or("A"));
  question.client = std::string(request.parameter("client").value_or(""));
  if (question.client.empty()) {
    const auto& peer = request.peer.address;
    if (peer.v4) question.client = fmt::format("{}:{}", to_string(*peer.v4), request.peer.port);
    if (peer.v6) question.client = fmt::format("[{}]:{}", to_string(*peer.v6), request.peer.port);
  }
  const auto tcp = flag_parameter(request, "tcp");
  if (!tcp) return std::unexpected(tcp.error());
  question.tcp = *tcp;
  const auto size = number_parameter(request, "size");
  if (!size) return std::unexpected(size.error());
  if (*size && (**size < 512 || **size > 65535)) {
    return registry::fail(registry::ProblemKind::bad_request, "\"size\" is from 512 to 65535");
  }
  question.size = static_cast<std::uint16_t>(size->value_or(question.size));
  return question;
}

Result<Question> parse_limited_question(const Request& request) {
  auto question = parse_question(request);
  const auto limit = number_parameter(request, "limit");
  if (!question || !limit) return std::unexpected(question ? limit.error() : question.error());
  if (*limit && **limit > kMaxPage) {
    return registry::fail(registry::ProblemKind::bad_request, fmt::format("\"limit\" is at most {}", kMaxPage));
  }
  question->limit = static_cast<std::size_t>(limit->value_or(question->limit));
  return question;
}

Response reply(const App& app, const Result<json::value>& answer) {
  if (!answer) return problem_response(answer.error());
  auto response = json_response(200, *answer);
  response.set("X-Dnsd-Index", std::to_string(std::max<registry::Revision>(app.registry().revision(), 1)));
  return response;
}

}  // namespace

Response get_resolve(App& app, const Request& request) {
  const auto question = parse_question(request);
  if (!question) return problem_response(question.error());
  return reply(app, app.context.resolve(*question));
}

Response get_explain(App& app, const Request& request) {
  const auto question = parse_limited_question(request);
  if (!question) return problem_response(question.error());
  return reply(app, app.context.explain(*question));
}

}  // namespace api::native
