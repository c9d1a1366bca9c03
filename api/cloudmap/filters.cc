#include "api/cloudmap/filters.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace api::cloudmap {
namespace {

constexpr std::array<std::string_view, 4> kConditions = {"EQ", "IN", "BETWEEN", "BEGINS_WITH"};
constexpr std::size_t kMaxFilters = 10;  // no list has more names
constexpr std::size_t kMaxValues = 100;
constexpr std::size_t kMaxText = 1024;

std::optional<double> read_number(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

}  // namespace

void Filters::check(const Reader& in, Also also, Filter& filter) {
  const bool range = filter.condition == Condition::between;
  if (range != (also == Also::range) || (filter.condition == Condition::begins_with && also != Also::prefix)) {
    return in.fail(filter.name + " does not take this Condition");
  }
  const auto count = filter.values.size();
  if (count == 0 || (range ? count != 2 : filter.condition != Condition::in && count != 1)) {
    return in.fail("EQ and BEGINS_WITH have one value, BETWEEN two, IN at least one");
  }
  if (!range) return;
  const auto from = read_number(filter.values[0]), to = read_number(filter.values[1]);
  if (!from || !to) return in.fail(filter.name + " takes two dates, in seconds since 1970");
  filter.from = *from;
  filter.to = *to;
}

Filters Filters::read(const Reader& in, std::span<const Known> known) {
  Filters out;
  for (const auto& item : in.each("Filters", kMaxFilters)) {
    Filter filter;
    filter.name = item.need("Name", kMaxText);
    filter.values = item.texts("Values", kMaxValues, kMaxText);
    const auto condition = std::ranges::find(kConditions, item.word("Condition", kConditions));
    if (condition != kConditions.end()) filter.condition = static_cast<Condition>(condition - kConditions.begin());
    const auto at = std::ranges::find(known, filter.name, &Known::name);
    if (at == known.end()) {
      item.fail("there is no filter of the Name \"" + filter.name + "\"");
    } else {
      check(item, at->also, filter);
    }
    out.filters_.push_back(std::move(filter));
  }
  return out;
}

bool Filters::pass(std::string_view name, std::string_view text) const {
  return std::ranges::all_of(filters_, [&](const Filter& filter) {
    if (filter.name != name) return true;
    if (filter.condition == Condition::begins_with) return text.starts_with(filter.values.front());
    return std::ranges::find(filter.values, text) != filter.values.end();
  });
}

bool Filters::pass_time(std::string_view name, double seconds) const {
  return std::ranges::all_of(filters_, [&](const Filter& filter) {
    return filter.name != name || (filter.from <= seconds && seconds <= filter.to);
  });
}

std::optional<std::vector<std::string>> Filters::values(std::string_view name) const {
  const auto at = std::ranges::find(filters_, name, &Filter::name);
  if (at == filters_.end()) return std::nullopt;
  auto values = at->values;
  std::erase_if(values, [&](const std::string& value) { return !pass(name, value); });
  return values;
}

}  // namespace api::cloudmap
