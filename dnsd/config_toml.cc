#include "dnsd/config_toml.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <sstream>
#include <tuple>

#include "registry/codec/codec.h"

namespace dnsd::config {
namespace {

// One step of a JSON pointer: "~1" and "~0" are "/" and "~" (RFC 6901 4).
std::string unescape(std::string_view segment) {
  std::string text;
  for (std::size_t i = 0; i < segment.size(); ++i) {
    if (segment[i] == '~' && i + 1 < segment.size()) {
      text += segment[++i] == '1' ? '/' : '~';
    } else {
      text += segment[i];
    }
  }
  return text;
}

std::optional<std::size_t> to_index(std::string_view text) {
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return index;
}

// The deepest node that the pointer reaches; the key itself where the fault is that there is such a key.
Where follow(const toml::table& table, std::string_view pointer, bool at_key) {
  if (pointer.starts_with('#')) pointer.remove_prefix(1);
  const toml::node* node = &table;
  Where place = where(table);
  while (pointer.starts_with('/')) {
    pointer.remove_prefix(1);
    const auto end = std::min(pointer.find('/'), pointer.size());
    const auto segment = unescape(pointer.substr(0, end));
    pointer.remove_prefix(end);
    if (const auto* inner = node->as_table()) {
      const auto found = inner->find(segment);
      if (found == inner->cend()) return place;
      node = &found->second;
      place = at_key && pointer.empty() ? where(found->first) : where(*node);
    } else if (const auto* list = node->as_array()) {
      const auto index = to_index(segment);
      if (!index || *index >= list->size()) return place;
      node = list->get(*index);
      place = where(*node);
    } else {
      return place;
    }
  }
  return place;
}

Where place_of(const toml::source_region& region) { return {region.begin.line, region.begin.column, {}}; }

}  // namespace

Where where(const toml::node& node) { return place_of(node.source()); }
Where where(const toml::key& key) { return place_of(key.source()); }

void Complaints::add(const Where& at, std::string message) { all_.push_back({at, std::move(message), all_.size()}); }

std::vector<std::string> Complaints::take() {
  std::ranges::sort(all_, {},
                    [](const Complaint& c) { return std::tuple(c.at.line == 0, c.at.line, c.at.column, c.order); });
  std::vector<std::string> lines;
  for (const auto& [at, message, order] : all_) {
    if (at.line != 0) {
      lines.push_back(fmt::format("{}:{}:{}: error: {}", file_.string(), at.line, at.column, message));
    } else {
      lines.push_back(fmt::format("{}: error: {}", at.source.empty() ? file_.string() : at.source, message));
    }
  }
  all_.clear();
  return lines;
}

boost::json::value to_json(const toml::node& node) {
  if (const auto* table = node.as_table()) {
    boost::json::object object;
    for (const auto& [key, value] : *table) object[key.str()] = to_json(value);
    return object;
  }
  if (const auto* list = node.as_array()) {
    boost::json::array array;
    for (const auto& value : *list) array.push_back(to_json(value));
    return array;
  }
  if (const auto* text = node.as_string()) return boost::json::value(text->get());
  if (const auto* number = node.as_integer()) return number->get();
  if (const auto* number = node.as_floating_point()) return number->get();
  if (const auto* flag = node.as_boolean()) return flag->get();
  std::ostringstream shown;  // dates and times: no key takes one, the codec says what it wants instead
  if (const auto* date = node.as_date()) shown << date->get();
  if (const auto* time = node.as_time()) shown << time->get();
  if (const auto* both = node.as_date_time()) shown << both->get();
  return boost::json::value(shown.str());
}

std::string_view type_name(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "a list";
    case toml::node_type::string:
      return "a string";
    case toml::node_type::integer:
      return "a whole number";
    case toml::node_type::floating_point:
      return "a number with a fraction";
    case toml::node_type::boolean:
      return "true or false";
    default:
      return "a date or time";
  }
}

void complain(Complaints& complaints, const toml::table& table, const registry::Problem& problem) {
  const auto hint = problem.hint.empty() ? std::string() : fmt::format(" ({})", problem.hint);
  for (const auto& error : problem.errors) {
    auto message = error.message;
    if (!error.did_you_mean.empty() && message.find("did you mean") == std::string::npos) {
      message += fmt::format("; did you mean \"{}\"?", error.did_you_mean);
    }
    complaints.add(follow(table, error.pointer, error.code == "unknown_field"), std::move(message));
  }
  if (problem.errors.empty()) complaints.add(where(table), problem.detail + hint);
}

std::string suggestion(std::string_view word, const std::vector<std::string_view>& known) {
  const auto near = registry::codec::did_you_mean(word, known);
  return near.empty() ? std::string() : fmt::format("; did you mean \"{}\"?", near);
}

void unknown_key(Complaints& complaints, const toml::key& key, std::string_view table,
                 const std::vector<std::string_view>& known) {
  const auto in = table.empty() ? std::string() : fmt::format(" in {}", table);
  complaints.add(where(key), fmt::format("unknown key \"{}\"{}{}", key.str(), in, suggestion(key.str(), known)));
}

}  // namespace dnsd::config
