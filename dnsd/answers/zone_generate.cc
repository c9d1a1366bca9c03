#include "dnsd/answers/zone_generate.h"

#include <charconv>
#include <optional>

namespace dnsd::answers {
namespace {

constexpr int kMaxWidth = 255;  // a name has no more octets

template <class Number>
std::optional<Number> take_number(std::string_view& text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

// The width counts digits and dots, and an even one ends with a dot: that is BIND's, and zone files rely on it.
std::string nibbles(std::uint64_t value, int width, bool upper) {
  const char* const digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
  std::string out;
  do {
    out += digits[value & 15];
    value >>= 4;
    --width;
    if (width > 0 || value != 0) out += '.', --width;
  } while (width > 0 || value != 0);
  return out;
}

std::string formatted(std::uint64_t value, int width, char base) {
  if (base == 'n' || base == 'N') return nibbles(value, width, base == 'N');
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value, base == 'd' ? 10 : base == 'o' ? 8 : 16).ptr;
  std::string out(digits, end);
  if (base == 'X') {
    for (auto& c : out) c = static_cast<char>(c >= 'a' ? c - 32 : c);
  }
  if (out.size() < static_cast<std::size_t>(width)) out.insert(0, static_cast<std::size_t>(width) - out.size(), '0');
  return out;
}

// After "${": offset[,width[,base]]}
std::expected<std::string, std::string> modifier(std::string_view& text, std::uint32_t counter) {
  const auto wrong = [] { return std::unexpected(std::string("$GENERATE: a modifier is ${offset[,width[,base]]}")); };
  const auto offset = take_number<std::int32_t>(text);
  if (!offset) return wrong();
  int width = 0;
  char base = 'd';
  if (take(text, ',')) {
    const auto given = take_number<int>(text);
    if (!given || *given < 0 || *given > kMaxWidth) return wrong();
    width = *given;
    if (take(text, ',')) {
      if (text.empty() || std::string_view("doxXnN").find(text.front()) == std::string_view::npos) return wrong();
      base = text.front();
      text.remove_prefix(1);
    }
  }
  if (!take(text, '}')) return wrong();
  const auto value = std::int64_t{counter} + *offset;
  if (value < 0) return std::unexpected(std::string("$GENERATE: the offset makes the counter negative"));
  return formatted(static_cast<std::uint64_t>(value), width, base);
}

}  // namespace

std::expected<GenerateRange, std::string> parse_generate_range(std::string_view text) {
  const auto wrong = [&] {
    return std::unexpected("$GENERATE: a range is first-last[/step], not \"" + std::string(text) + "\"");
  };
  auto rest = text;
  GenerateRange range;
  const auto first = take_number<std::uint32_t>(rest);
  if (!first || !take(rest, '-')) return wrong();
  const auto last = take_number<std::uint32_t>(rest);
  if (!last) return wrong();
  range.first = *first;
  range.last = *last;
  if (take(rest, '/')) {
    const auto step = take_number<std::uint32_t>(rest);
    if (!step || *step == 0) return wrong();
    range.step = *step;
  }
  if (!rest.empty() || range.last < range.first) return wrong();
  if (range.last > 0x7fffffff) return std::unexpected(std::string("$GENERATE: the counter is at most 2147483647"));
  if (range.count() > kMaxGenerated) return std::unexpected(std::string("$GENERATE makes at most 65536 records"));
  return range;
}

std::expected<std::string, std::string> generate(std::string_view pattern, std::uint32_t counter) {
  std::string out;
  while (!pattern.empty()) {
    const auto c = pattern.front();
    pattern.remove_prefix(1);
    if (c == '\\' && !pattern.empty()) {
      out += c;
      out += pattern.front();
      pattern.remove_prefix(1);
    } else if (c != '$') {
      out += c;
    } else if (take(pattern, '$')) {
      out += '$';
    } else if (take(pattern, '{')) {
      auto value = modifier(pattern, counter);
      if (!value) return value;
      out += *value;
    } else {
      out += std::to_string(counter);
    }
  }
  return out;
}

}  // namespace dnsd::answers
