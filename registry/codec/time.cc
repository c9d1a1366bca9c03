// RFC 3339 times, as registry::format_time writes them and as people send them.
#include <charconv>
#include <chrono>

#include "registry/codec/words.h"

namespace registry::codec {
namespace {

// A decimal number of exactly `digits` digits at the front of `text`, which moves on; -1 when there is none.
int take_number(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return -1;
  int number = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    number = number * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return number;
}

bool take(std::string_view& text, char c, char other) {
  if (text.empty() || (text.front() != c && text.front() != other)) return false;
  text.remove_prefix(1);
  return true;
}

// Fractions beyond the millisecond are cut off.
std::optional<Millis> take_fraction(std::string_view& text) {
  if (!take(text, '.', '.')) return Millis{};
  int millis = 0;
  int place = 100;
  std::size_t digits = 0;
  for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits) {
    millis += (text[digits] - '0') * place;
    place /= 10;
  }
  text.remove_prefix(digits);
  if (digits == 0 || digits > 9) return std::nullopt;
  return Millis(millis);
}

std::optional<std::chrono::minutes> take_offset(std::string_view& text) {
  if (take(text, 'Z', 'z')) return std::chrono::minutes{};
  if (text.empty() || (text.front() != '+' && text.front() != '-')) return std::nullopt;
  const int sign = text.front() == '-' ? -1 : 1;
  text.remove_prefix(1);
  const int hours = take_number(text, 2);
  const bool colon = take(text, ':', ':');
  const int minutes = take_number(text, 2);
  if (!colon || hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return std::nullopt;
  return sign * (std::chrono::hours(hours) + std::chrono::minutes(minutes));
}

}  // namespace

std::optional<Wall> parse_time(std::string_view text) {
  using namespace std::chrono;
  const int year = take_number(text, 4);
  const bool dash = take(text, '-', '-');
  const int month = take_number(text, 2);
  const bool second_dash = take(text, '-', '-');
  const int day = take_number(text, 2);
  const bool t = take(text, 'T', 't');
  const int hour = take_number(text, 2);
  const bool colon = take(text, ':', ':');
  const int minute = take_number(text, 2);
  const bool second_colon = take(text, ':', ':');
  const int second = take_number(text, 2);
  if (year < 0 || !dash || !second_dash || !t || !colon || !second_colon) return std::nullopt;
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return std::nullopt;
  const auto fraction = take_fraction(text);
  const auto offset = fraction ? take_offset(text) : std::nullopt;
  if (!offset || !text.empty() || month < 1 || day < 1) return std::nullopt;
  const auto date = std::chrono::year(year) / month / day;
  if (!date.ok()) return std::nullopt;
  return Wall(sys_days(date)) + hours(hour) + minutes(minute) + seconds(second) + *fraction - *offset;
}

}  // namespace registry::codec
