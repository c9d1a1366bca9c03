#include "api/consul/fields.h"

#include <fmt/format.h>

#include "api/consul/dialect.h"

namespace api::consul {

using registry::Millis;

void Fields::refuse(std::string text) const {
  if (fault_->empty()) *fault_ = std::move(text);
}

void Fields::wrong(Names names, std::string_view wanted) const {
  refuse(fmt::format("Request decode failed: {} must be {}", *names.begin(), wanted));
}

std::string Fields::text(Names names) const {
  const auto* value = find(names);
  if (!value) return {};
  if (const auto* text = value->if_string()) return {text->data(), text->size()};
  wrong(names, "a string");
  return {};
}

bool Fields::flag(Names names) const {
  const auto* value = find(names);
  if (!value) return false;
  if (const auto* flag = value->if_bool()) return *flag;
  wrong(names, "true or false");
  return false;
}

std::int64_t Fields::number(Names names, std::int64_t low, std::int64_t high, std::int64_t otherwise) const {
  const auto* value = find(names);
  if (!value) return otherwise;
  boost::json::error_code not_whole;
  const auto number = value->to_number<std::int64_t>(not_whole);
  if (!not_whole && number >= low && number <= high) return number;
  wrong(names, fmt::format("a number from {} to {}", low, high));
  return otherwise;
}

Millis Fields::duration(Names names) const {
  const auto* value = find(names);
  if (!value) return {};
  if (const auto* text = value->if_string()) {
    const auto parsed = text->empty() ? Millis{} : parse_go_duration({text->data(), text->size()});
    if (parsed) return *parsed;
  } else if (value->is_number()) {
    const auto nanoseconds = value->to_number<double>();
    constexpr double kLongest = 100.0 * 365 * 24 * 3600e9;
    if (nanoseconds >= 0 && nanoseconds < kLongest) return Millis(static_cast<std::int64_t>(nanoseconds / 1e6));
  }
  wrong(names, "a duration such as \"10s\", or nanoseconds");
  return {};
}

std::vector<std::string> Fields::texts(Names names) const {
  std::vector<std::string> out;
  const auto* value = find(names);
  if (!value) return out;
  const auto* list = value->if_array();
  if (!list) wrong(names, "a list of strings");
  for (const auto& item : list ? *list : boost::json::array()) {
    const auto* text = item.if_string();
    if (text) out.emplace_back(text->data(), text->size());
    if (!text && !item.is_null()) wrong(names, "a list of strings");
  }
  return out;
}

registry::FlatMap<std::string> Fields::text_map(Names names) const {
  registry::FlatMap<std::string> out;
  const auto* object = raw_object(names);
  for (const auto& member : object ? *object : boost::json::object()) {
    const auto* text = member.value().if_string();
    if (text) out[std::string_view(member.key().data(), member.key().size())] = {text->data(), text->size()};
    if (!text && !member.value().is_null()) wrong(names, "an object of strings");
  }
  return out;
}

const boost::json::object* Fields::raw_object(Names names) const {
  const auto* value = find(names);
  if (!value) return nullptr;
  const auto* object = value->if_object();
  if (!object) wrong(names, "an object");
  return object;
}

Fields Fields::object(Names names) const {
  const auto* object = raw_object(names);
  return {object ? LooseObject(*object) : LooseObject(), *fault_};
}

std::vector<Fields> Fields::objects(Names names) const {
  std::vector<Fields> out;
  const auto* value = find(names);
  if (!value) return out;
  const auto* list = value->if_array();
  if (!list) wrong(names, "a list of objects");
  for (const auto& item : list ? *list : boost::json::array()) {
    const auto* object = item.if_object();
    if (object) out.emplace_back(LooseObject(*object), *fault_);
    if (!object && !item.is_null()) wrong(names, "a list of objects");
  }
  return out;
}

}  // namespace api::consul
