#include "api/cloudmap/filters.h"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace api::cloudmap {
namespace {

constexpr std::array<std::string_view, 4> kConditions = {"EQ", "IN", "BETWEEN", "BEGINS_WITH"};
constexpr std::size_t kMaxFilters = 10;  // no list has more names
constexpr std::size_t kMaxValues = 100;
constexpr std::size_t kMaxText = 1024;

}  // namespace

Filters Filters::read(const Reader& in, std::span<const std::string_view> known) {
  Filters out;
  for (const auto& item : in.each("Filters", kMaxFilters)) {
    Filter filter;
    filter.name = item.word("Name", known);
    if (filter.name.empty()) item.fail("a filter needs a Name");
    filter.values = item.texts("Values", kMaxValues, kMaxText);
    const auto at = std::ranges::find(kConditions, item.word("Condition", kConditions));
    if (at != kConditions.end()) filter.condition = static_cast<Condition>(at - kConditions.begin());
    const bool pair = filter.condition == Condition::between;
    const bool several = filter.condition == Condition::in;
    if (filter.values.empty() || (pair ? filter.values.size() != 2 : !several && filter.values.size() != 1)) {
      item.fail("EQ and BEGINS_WITH have one value, BETWEEN two, IN at least one");
      filter.values.resize(2);
    }
    out.filters_.push_back(std::move(filter));
  }
  return out;
}

bool Filters::pass(std::string_view name, std::string_view text) const {
  return std::ranges::all_of(filters_, [&](const Filter& filter) {
    if (filter.name != name) return true;
    if (filter.condition == Condition::begins_with) return text.starts_with(filter.values.front());
    if (filter.condition == Condition::between) return filter.values[0] <= text && text <= filter.values[1];
    return std::ranges::find(filter.values, text) != filter.values.end();
  });
}

bool Filters::pass_time(std::string_view name, double seconds) const {
  return std::ranges::all_of(filters_, [&](const Filter& filter) {
    if (filter.name != name) return true;
    const auto first = std::strtod(filter.values.front().c_str(), nullptr);
    if (filter.condition != Condition::between) return seconds == first;
    return first <= seconds && seconds <= std::strtod(filter.values[1].c_str(), nullptr);
  });
}

std::optional<std::string_view> Filters::only(std::string_view name) const {
  for (const auto& filter : filters_) {
    const bool exact = filter.condition == Condition::eq || filter.condition == Condition::in;
    if (filter.name == name && exact && filter.values.size() == 1) return filter.values.front();
  }
  return std::nullopt;
}

}  // namespace api::cloudmap
