#include "api/consul/dialect.h"

#include <boost/json/serialize.hpp>
#include <charconv>
#include <random>

#include "api/consul/pretty.h"
#include "registry/codec/codec.h"

namespace api::consul {
namespace {

using registry::Millis;
using registry::Problem;
using registry::Revision;

constexpr Millis kDefaultWait{300'000};
constexpr Millis kMaxWait{600'000};
// A storm of changes wakes those who watch a service once, not once each.
constexpr Millis kSettle{10};

// python3-consul reads X-Consul-Index of every 404.
Response error_text(const ProblemType& type, const Problem& problem) {
  // Valid JSON that is no valid registration is 400 here; and 401 means to Consul's clients that there are no tokens.
  const int status = type.status == 422 ? 400 : type.status == 401 ? 403 : type.status;
  auto response = text_response(status, problem_text(problem));
  if (type.status == 503) response.set("Retry-After", "1");
  return response;
}

std::string_view token_of(const Request& request) {
  if (const auto header = request.header("x-consul-token"); !header.empty()) return header;
  return request.parameter("token").value_or("");
}

// So that those who were told something at the same moment do not come back at the same moment.
Millis jitter(Millis wait) {
  static thread_local std::minstd_rand random{std::random_device{}()};
  return Millis(std::uniform_int_distribution<std::int64_t>(0, wait.count() / 16)(random));
}

Result<Poll> parse_poll(App&, const Request& request) {
  Poll poll;
  poll.exact = true;
  poll.settle = kSettle;
  poll.wait = kDefaultWait;
  if (request.parameter("stale") && request.parameter("consistent")) {
    return bad_request("Cannot specify ?stale with ?consistent, conflicting semantics.");
  }
  if (const auto text = request.parameter("wait"); text && !text->empty()) {
    const auto wait = parse_go_duration(*text);
    if (!wait) return bad_request("Invalid wait time");
    if (wait->count() > 0) poll.wait = std::min(*wait, kMaxWait);
  }
  if (const auto text = request.parameter("index"); text && !text->empty()) {
    Revision index = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), index);
    if (error != std::errc{} || end != text->data() + text->size()) return bad_request("Invalid index");
    if (index > 0) poll.index = index;
  }
  poll.wait += jitter(poll.wait);
  return poll;
}

// Also over what an error has put there.
void stamp(Response& response, Revision index) {
  std::erase_if(response.headers, [](const auto& header) { return header.first.starts_with("X-Consul-"); });
  response.set("X-Consul-Index", std::to_string(std::max<Revision>(index, 1)));
  response.set("X-Consul-KnownLeader", "true");
  response.set("X-Consul-LastContact", "0");
}

// One unit of a duration; 0 = unknown. Microseconds, and nanoseconds as their thousandth.
double microseconds_of(std::string_view unit) {
  if (unit == "ns") return 1e-3;
  if (unit == "us" || unit == "\u00b5s" || unit == "\u03bcs") return 1;
  if (unit == "ms") return 1e3;
  if (unit == "s") return 1e6;
  if (unit == "m") return 60e6;
  if (unit == "h") return 3600e6;
  return 0;
}

}  // namespace

constinit const Dialect kDialect{"consul", error_text, token_of, parse_poll, stamp};

Response text_response(int status, std::string text) {
  Response response;
  response.status = status;
  response.content_type = "text/plain; charset=utf-8";
  response.body = std::move(text);
  stamp(response, 1);
  return response;
}

Response json_answer(const Request& request, const json::value& body) {
  Response response;
  response.body = request.parameter("pretty") ? pretty(body) : json::serialize(body);
  return response;
}

Response done() { return {}; }

std::unexpected<Problem> bad_request(std::string text) {
  return registry::fail(registry::ProblemKind::bad_request, std::move(text));
}

Result<json::value> read_body(const Request& request) {
  auto body = registry::codec::parse_document(request.body);
  if (!body) return bad_request("Request decode failed: " + body.error().detail);
  if (!body->is_object()) return bad_request("Request decode failed: the body must be an object");
  return body;
}

std::optional<bool> parse_bool(std::string_view text) {
  for (const std::string_view yes : {"", "1", "t", "T", "TRUE", "true", "True"}) {
    if (text == yes) return true;
  }
  for (const std::string_view no : {"0", "f", "F", "FALSE", "false", "False"}) {
    if (text == no) return false;
  }
  return std::nullopt;
}

std::optional<Millis> parse_go_duration(std::string_view text) {
  if (text == "0") return Millis{};
  if (text.starts_with('+')) text.remove_prefix(1);
  if (text.empty()) return std::nullopt;
  double total = 0;
  while (!text.empty()) {
    const auto digits = std::min(text.find_first_not_of("0123456789."), text.size());
    double number = 0;
    const char* const begin = text.data();
    const auto [end, error] = std::from_chars(begin, begin + digits, number, std::chars_format::fixed);
    if (error != std::errc{} || end != text.data() + digits) return std::nullopt;
    text.remove_prefix(digits);
    const auto letters = std::min(text.find_first_of("0123456789."), text.size());
    const double unit = microseconds_of(text.substr(0, letters));
    if (unit == 0) return std::nullopt;
    text.remove_prefix(letters);
    total += number * unit;
  }
  // Go's own limit is 290 years; ours keeps every sum with a clock in range.
  constexpr double kLongest = 100.0 * 365 * 24 * 3600e6;
  if (total > kLongest) return std::nullopt;
  return Millis(static_cast<std::int64_t>(total / 1e3));
}

std::string format_go_duration(Millis duration) {
  if (duration.count() % 1000 != 0) return std::to_string(duration.count()) + "ms";
  const auto seconds = duration.count() / 1000;
  std::string text;
  if (seconds >= 3600) text += std::to_string(seconds / 3600) + "h";
  if (seconds >= 60) text += std::to_string(seconds / 60 % 60) + "m";
  return text + std::to_string(seconds % 60) + "s";
}

}  // namespace api::consul
