#include "api/cloudmap/reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace api::cloudmap {

namespace {

// The parser let valid UTF-8 through only: every octet that continues no character begins one.
std::size_t characters(std::string_view text) {
  const auto begins = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
  return static_cast<std::size_t>(std::ranges::count_if(text, begins));
}

}  // namespace

void Reader::fail(std::string message) const {
  if (!fault_) fault_ = Error{"InvalidInput", std::move(message), 400, {}};
}

const json::value* Reader::find(std::string_view name) const {
  const auto* value = members_.if_contains(name);
  return value && !value->is_null() ? value : nullptr;
}

std::string Reader::text_of(const json::value& value, std::string_view name, std::size_t most) const {
  const auto* text = value.if_string();
  if (text && characters(*text) <= most) return {text->data(), text->size()};
  fail(text ? fmt::format("{} is longer than {}", name, most) : fmt::format("{} must be a text", name));
  return {};
}

std::string Reader::text(std::string_view name, std::size_t most) const {
  const auto* value = find(name);
  return value ? text_of(*value, name, most) : std::string();
}

std::string Reader::need(std::string_view name, std::size_t most) const {
  auto out = text(name, most);
  if (out.empty()) fail(fmt::format("{} is required", name));
  return out;
}

std::string Reader::word(std::string_view name, std::span<const std::string_view> words) const {
  auto out = text(name, 64);
  if (!out.empty() && std::ranges::find(words, out) == words.end()) {
    fail(fmt::format("{} must be one of {}", name, fmt::join(words, ", ")));
  }
  return out;
}

std::optional<std::int64_t> Reader::number(std::string_view name, std::int64_t low, std::int64_t high) const {
  const auto* value = find(name);
  if (!value) return std::nullopt;
  boost::system::error_code error;
  const auto number = value->to_number<std::int64_t>(error);
  if (!error && number >= low && number <= high) return number;
  fail(fmt::format("{} must be a whole number from {} to {}", name, low, high));
  return std::nullopt;
}

std::optional<Reader> Reader::inside(std::string_view name) const {
  const auto* value = find(name);
  if (!value) return std::nullopt;
  if (const auto* members = value->if_object()) return Reader(*members, fault_);
  fail(fmt::format("{} must be an object", name));
  return std::nullopt;
}

std::vector<Reader> Reader::each(std::string_view name, std::size_t most) const {
  std::vector<Reader> out;
  const auto* value = find(name);
  if (!value) return out;
  const auto* list = value->if_array();
  if (!list || list->size() > most) {
    fail(fmt::format("{} must be a list of at most {}", name, most));
    return out;
  }
  for (const auto& item : *list) {
    if (const auto* members = item.if_object()) {
      out.emplace_back(*members, fault_);
    } else {
      fail(fmt::format("{} must be a list of objects", name));
    }
  }
  return out;
}

std::vector<std::string> Reader::texts(std::string_view name, std::size_t count, std::size_t most) const {
  std::vector<std::string> out;
  const auto* value = find(name);
  if (!value) return out;
  const auto* list = value->if_array();
  if (!list || list->size() > count) {
    fail(fmt::format("{} must be a list of at most {}", name, count));
    return out;
  }
  for (const auto& item : *list) out.push_back(text_of(item, name, most));
  return out;
}

registry::Meta Reader::map(std::string_view name, std::size_t count, std::size_t key, std::size_t value) const {
  registry::Meta out;
  const auto* given = find(name);
  if (!given) return out;
  const auto* members = given->if_object();
  if (!members || members->size() > count) {
    fail(fmt::format("{} must be an object of at most {} texts", name, count));
    return out;
  }
  for (const auto& member : *members) {
    const std::string_view own(member.key().data(), member.key().size());
    if (own.empty() || own.size() > key) fail(fmt::format("a key of {} has 1 to {} characters", name, key));
    out[own] = text_of(member.value(), own, value);
  }
  return out;
}

}  // namespace api::cloudmap
