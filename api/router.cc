#include <algorithm>

#include "api/route.h"
#include "registry/codec/codec.h"

namespace api {
namespace {

bool is_place(std::string_view segment) { return segment.starts_with('{'); }

std::vector<std::string_view> split(std::string_view pattern) {
  std::vector<std::string_view> out;
  pattern.remove_prefix(1);
  for (;;) {
    const auto slash = pattern.find('/');
    out.push_back(pattern.substr(0, slash));
    if (slash == std::string_view::npos) return out;
    pattern.remove_prefix(slash + 1);
  }
}

std::string join(std::span<const std::string> segments) {
  std::string out = segments.front();
  for (const auto& segment : segments.subspan(1)) out += "/" + segment;
  return out;
}

void add_allowed(std::string& allow, Method method) {
  const auto add = [&](std::string_view verb) {
    if (!allow.empty()) allow += ", ";
    allow += verb;
  };
  add(to_string(method));
  if (method == Method::get) add("HEAD");
}

}  // namespace

Router::Router(const std::vector<std::span<const Route>>& tables) {
  for (const auto& table : tables) {
    for (const auto& route : table) {
      entries_.push_back({split(route.pattern), route.pattern.ends_with("*}"), &route});
    }
  }
}

bool Router::fits(const Entry& entry, std::span<const std::string> segments) {
  const auto one = [](std::string_view place, const std::string& segment) {
    return is_place(place) ? !segment.empty() : place == segment;
  };
  if (entry.rest && segments.size() > entry.segments.size()) segments = segments.first(entry.segments.size());
  return std::ranges::equal(entry.segments, segments, one);
}

Router::Match Router::match(Method method, std::span<const std::string> segments) const {
  Match match;
  for (const auto& entry : entries_) {
    if (!fits(entry, segments)) continue;
    match.dialect = entry.route->dialect;
    if (entry.route->method != method) {
      add_allowed(match.allow, entry.route->method);
      continue;
    }
    match.route = entry.route;
    const std::size_t last = entry.segments.size() - 1;
    for (std::size_t i = 0; i <= last; ++i) {
      if (!is_place(entry.segments[i])) continue;
      match.params.push_back(entry.rest && i == last ? join(segments.subspan(last)) : segments[i]);
    }
    return match;
  }
  if (!match.dialect && match.allow.empty() && !segments.empty()) match.dialect = dialect_at(segments.front());
  return match;
}

// Who asks for what an interface does not have shall understand the answer.
const Dialect* Router::dialect_at(std::string_view first_segment) const {
  const auto beside = std::ranges::find(entries_, first_segment, [](const Entry& entry) { return entry.segments[0]; });
  return beside == entries_.end() ? nullptr : beside->route->dialect;
}

std::vector<Parameter> known_parameters(const Route& route) {
  auto known = route.parameters;
  if (std::holds_alternative<ReadHandler>(route.handler)) {
    known.push_back({"index", "answer when this changed after the given revision"});
    known.push_back({"wait", "how long to wait for a change at most, \"30s\" by default, at most \"10m\""});
  } else if (std::holds_alternative<PlanHandler>(route.handler)) {
    known.push_back({"dry_run", "answer what would be and change nothing"});
  }
  return known;
}

std::optional<registry::Problem> check_parameters(const Route& route, const Request& request) {
  using registry::ProblemKind;
  if (request.query.empty()) return std::nullopt;
  const auto known = known_parameters(route);
  for (const auto& [name, value] : request.query) {
    const auto place = std::ranges::find(known, name, &Parameter::name);
    if (place == known.end()) {
      std::vector<std::string_view> names;
      for (const auto& parameter : known) names.push_back(parameter.name);
      const auto near = registry::codec::did_you_mean(name, names);
      auto hint = near.empty() ? std::string() : "did you mean \"" + std::string(near) + "\"?";
      return registry::Problem{
          ProblemKind::bad_request, "unknown query parameter \"" + name + "\"", {}, std::move(hint)};
    }
    const auto times = std::ranges::count(request.query, name, &std::pair<std::string, std::string>::first);
    if (times > 1 && !place->repeatable) {
      return registry::Problem{ProblemKind::bad_request, "query parameter \"" + name + "\" is given twice", {}, {}};
    }
  }
  return std::nullopt;
}

}  // namespace api
