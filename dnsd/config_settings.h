// The table of all keys that hold one value or one list: the source of the parser, of the environment names and of
// the test that docs/configuration.md names every key. Internal to dnsd/config*.cc.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dnsd/config.h"

namespace dnsd::config {

enum class Kind : std::uint8_t { text, list, integer, duration, boolean, fraction };

struct Value {
  std::string text;
  std::int64_t number = 0;     // integer; milliseconds of a duration; 0 or 1 of a boolean
  std::filesystem::path base;  // what relative paths start from
  double fraction = 0;         // 0 .. 1
};

using Complaint = std::optional<std::string>;

struct Setting {
  std::string_view table, key;  // a table in a table is "health.guard"
  Kind kind = Kind::text;
  std::int64_t low = 0, high = 0;                       // of integer and duration, both included
  std::function<Complaint(Config&, const Value&)> set;  // of a list: once per member
  std::function<void(Config&)> clear;                   // of a list: before its first member
  std::string_view flag = {};                           // "--dns-listen"

  [[nodiscard]] std::string name() const;      // "dns.listen"
  [[nodiscard]] std::string variable() const;  // "DNSD_DNS_LISTEN"
};

[[nodiscard]] std::span<const Setting> settings();
[[nodiscard]] std::vector<Setting> protection_settings();  // a part of them, config_protection.cc

// The namespaces of interfaces that name none. Asks for config.declared as the file has it. config_home.cc
void choose_homes(Config& config);

// The keys of the tables of [[tables]]: beside what registry/codec reads.
inline constexpr std::string_view kTables[] = {"namespace", "zone", "reverse", "service", "key"};

}  // namespace dnsd::config
