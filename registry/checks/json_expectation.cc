#include "registry/checks/json_expectation.h"

#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <utility>

namespace registry::checks {
namespace {

namespace json = boost::json;

// 1 and 1.0 are one number (RFC 8259 6); Boost.JSON keeps them apart.
bool same(const json::value& a, const json::value& b) {
  if (a.is_number() && b.is_number() && (a.is_double() || b.is_double())) {
    return a.to_number<double>() == b.to_number<double>();
  }
  return a == b;
}

}  // namespace

JsonExpectation::JsonExpectation(const FlatMap<std::string>& wanted) {
  for (const auto& [pointer, text] : wanted) {
    json::error_code malformed;  // only where the codec did not write it
    std::optional<json::value> value = json::parse(text, malformed);
    if (malformed) value.reset();
    wanted_.emplace_back(pointer, std::move(value));
  }
}

std::optional<std::string> JsonExpectation::refuses(std::string_view body) const {
  if (wanted_.empty()) return std::nullopt;
  json::error_code malformed;
  const json::value document = json::parse(body, malformed);  // at most 32 levels deep, Boost.JSON's default
  if (malformed) return "the body is not JSON";
  for (const auto& [pointer, value] : wanted_) {
    json::error_code absent;
    const json::value* found = document.find_pointer(pointer, absent);
    if (found == nullptr) return fmt::format("nothing at {}", pointer);
    if (!value || !same(*found, *value)) return fmt::format("another value at {}", pointer);
  }
  return std::nullopt;
}

}  // namespace registry::checks
