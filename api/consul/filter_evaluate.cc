#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <charconv>
#include <optional>
#include <span>

#include "api/consul/dialect.h"
#include "api/consul/filter.h"

namespace api::consul {
namespace {

std::string_view text_of(const json::string& text) { return {text.data(), text.size()}; }

std::optional<double> number_of(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool equals(const json::value& value, std::string_view wanted) {
  if (const auto* text = value.if_string()) return text_of(*text) == wanted;
  if (value.is_number()) return number_of(wanted) == value.to_number<double>();
  if (const auto* flag = value.if_bool()) return !wanted.empty() && parse_bool(wanted) == *flag;
  return false;
}

bool is_empty(const json::value& value) {
  if (const auto* array = value.if_array()) return array->empty();
  if (const auto* object = value.if_object()) return object->empty();
  if (const auto* text = value.if_string()) return text->empty();
  return value.is_null();
}

// A member of a list, a key of an object, a part of a text.
bool contains(const json::value& value, std::string_view wanted) {
  if (const auto* array = value.if_array()) {
    return std::ranges::any_of(*array, [&](const auto& item) { return equals(item, wanted); });
  }
  if (const auto* object = value.if_object()) return object->contains(wanted);
  const auto* text = value.if_string();
  return text && text_of(*text).find(wanted) != std::string_view::npos;
}

bool holds(const Match& match, const json::value& value) {
  switch (match.kind) {
    case MatchKind::equal:
      return equals(value, match.value);
    case MatchKind::empty:
      return is_empty(value);
    case MatchKind::contains:
      return contains(value, match.value);
    case MatchKind::matches:
      break;
  }
  const auto* text = value.if_string();
  return text && re2::RE2::PartialMatch(re2::StringPiece(text->data(), text->size()), *match.pattern);
}

// Of what is not there nothing holds, but that it is empty.
bool of_nothing(const Match& match) { return (match.kind == MatchKind::empty) != match.negated; }

// Over a list on the way: whether any of its members does.
bool walk(const Match& match, std::span<const std::string> way, const json::value& value) {
  if (way.empty()) {
    const auto* list = value.if_array();
    const bool each = list && (match.kind == MatchKind::equal || match.kind == MatchKind::matches);
    if (!each) return holds(match, value) != match.negated;
    return std::ranges::any_of(*list, [&](const auto& item) { return holds(match, item) != match.negated; });
  }
  if (const auto* list = value.if_array()) {
    return std::ranges::any_of(*list, [&](const auto& item) { return walk(match, way, item); });
  }
  const auto* object = value.if_object();
  const auto* member = object ? object->if_contains(way.front()) : nullptr;
  return member ? walk(match, way.subspan(1), *member) : of_nothing(match);
}

std::expected<bool, std::string> evaluate(const Expression& expression, const json::object& object) {
  using Kind = Expression::Kind;
  if (expression.kind == Kind::match) {
    const auto& way = expression.match.selector;
    const auto* root = object.if_contains(way.front());
    if (!root) return std::unexpected(fmt::format("Selector \"{}\" is not valid", fmt::join(way, ".")));
    return walk(expression.match, std::span(way).subspan(1), *root);
  }
  // All parts are looked at, so that a wrong selector is an error whatever the object holds.
  bool any = false, all = true;
  for (const auto& part : expression.parts) {
    const auto one = evaluate(part, object);
    if (!one) return one;
    any |= *one;
    all &= *one;
  }
  return expression.kind == Kind::any ? any : expression.kind == Kind::all ? all : !any;
}

}  // namespace

std::expected<bool, std::string> Filter::passes(const json::object& object) const {
  return evaluate(expression_, object);
}

}  // namespace api::consul
