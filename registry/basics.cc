#include "registry/basics.h"

#include <arpa/inet.h>
#include <fmt/compile.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <span>

namespace registry {
namespace {

// inet_pton is strict in what we want: four decimal parts without leading zeros; RFC 4291 without zone identifiers.
template <class Address>
std::optional<Address> parse_address(int family, std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> copy{};  // inet_pton wants a terminator
  if (text.size() >= copy.size() || text.find('\0') != text.npos) return std::nullopt;
  std::copy(text.begin(), text.end(), copy.begin());
  Address address;
  if (inet_pton(family, copy.data(), address.octets.data()) != 1) return std::nullopt;
  return address;
}

std::string print_address(int family, const std::uint8_t* octets) {
  if (family == AF_INET) {  // by hand: inet_ntop's sprintf costs twice as much, and every stored row has one
    return fmt::format(FMT_COMPILE("{}.{}.{}.{}"), octets[0], octets[1], octets[2], octets[3]);
  }
  std::array<char, INET6_ADDRSTRLEN> out{};
  inet_ntop(family, octets, out.data(), out.size());
  return out.data();
}

bool same_bits(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b, std::size_t bits) {
  const std::size_t whole = bits / 8;
  if (!std::equal(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(whole), b.begin())) return false;
  const std::size_t rest = bits % 8;
  return rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0;
}

// All bits from `bits` on are zero.
bool host_bits_zero(std::span<const std::uint8_t> octets, std::size_t bits) {
  for (std::size_t bit = bits; bit < octets.size() * 8; ++bit) {
    if (octets[bit / 8] & (0x80U >> (bit % 8))) return false;
  }
  return true;
}

struct Unit {
  std::string_view name;
  std::int64_t millis;
};
constexpr std::array<Unit, 5> kUnits{{{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};

// Nine digits of days are 8.6e16 ms: far from overflow, and further off than anyone means.
constexpr std::size_t kMaxDigits = 9;

}  // namespace

std::optional<Ipv4> parse_ipv4(std::string_view text) { return parse_address<Ipv4>(AF_INET, text); }
std::optional<Ipv6> parse_ipv6(std::string_view text) { return parse_address<Ipv6>(AF_INET6, text); }
std::string to_string(const Ipv4& address) { return print_address(AF_INET, address.octets.data()); }
std::string to_string(const Ipv6& address) { return print_address(AF_INET6, address.octets.data()); }

bool Prefix::contains(const Ipv4& address) const { return !v6 && same_bits(octets, address.octets, bits); }
bool Prefix::contains(const Ipv6& address) const { return v6 && same_bits(octets, address.octets, bits); }

std::optional<Prefix> parse_prefix(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string_view address = text.substr(0, slash);
  Prefix prefix;
  if (const auto v4 = parse_ipv4(address)) {
    std::copy(v4->octets.begin(), v4->octets.end(), prefix.octets.begin());
  } else if (const auto v6 = parse_ipv6(address)) {
    prefix.octets = v6->octets;
    prefix.v6 = true;
  } else {
    return std::nullopt;
  }
  const unsigned longest = prefix.v6 ? 128 : 32;
  unsigned bits = longest;
  if (slash != text.npos) {
    const std::string_view digits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    const bool leading_zero = digits.size() > 1 && digits[0] == '0';
    if (error != std::errc{} || end != digits.data() + digits.size() || leading_zero) return std::nullopt;
  }
  if (bits > longest || !host_bits_zero({prefix.octets.data(), longest / 8}, bits)) return std::nullopt;
  prefix.bits = static_cast<std::uint8_t>(bits);
  return prefix;
}

std::string to_string(const Prefix& prefix) {
  const int family = prefix.v6 ? AF_INET6 : AF_INET;
  return fmt::format("{}/{}", print_address(family, prefix.octets.data()), prefix.bits);
}

std::optional<Millis> parse_duration(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::int64_t total = 0;
  std::size_t next_unit = 0;  // units come largest first, each once
  while (!text.empty()) {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    if (digits == 0 || digits > kMaxDigits) return std::nullopt;
    std::int64_t number = 0;
    std::from_chars(text.data(), text.data() + digits, number);
    text.remove_prefix(digits);
    const std::string_view name = text.substr(0, std::min(text.find_first_of("0123456789"), text.size()));
    const auto unit = std::find_if(kUnits.begin() + static_cast<std::ptrdiff_t>(next_unit), kUnits.end(),
                                   [&](const Unit& u) { return u.name == name; });
    if (unit == kUnits.end()) return std::nullopt;
    next_unit = static_cast<std::size_t>(unit - kUnits.begin()) + 1;
    total += number * unit->millis;
    text.remove_prefix(name.size());
  }
  return Millis{total};
}

std::string format_duration(Millis duration) {
  std::string best;
  for (std::size_t first = 0; first < kUnits.size(); ++first) {
    std::int64_t left = std::max<std::int64_t>(duration.count(), 0);
    std::string text;
    for (std::size_t i = first; i < kUnits.size(); ++i) {
      const std::int64_t number = left / kUnits[i].millis;
      left -= number * kUnits[i].millis;
      if (number > 0) text += fmt::format("{}{}", number, kUnits[i].name);
    }
    if (!text.empty() && (best.empty() || text.size() < best.size())) best = text;
  }
  return best.empty() ? "0s" : best;
}

std::string format_time(Wall time) {
  using namespace std::chrono;
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{time - day};
  std::string text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                                 static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                                 clock.hours().count(), clock.minutes().count(), clock.seconds().count());
  if (clock.subseconds().count() != 0) text += fmt::format(".{:03}", clock.subseconds().count());
  return text + 'Z';
}

}  // namespace registry
