// What the configuration says about transfers, updates and keys. Immutable once read; compared at a reload.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dnsd/tsig/key.h"
#include "registry/basics.h"

namespace dnsd::transfer {

// One line of an access list: an address block, a key, or both, which then both must fit.
struct AccessRule {
  std::optional<registry::Prefix> from;
  std::string key;  // wire form, folded; "" = none asked for
  bool operator==(const AccessRule&) const = default;
};

struct Peer {  // "10.0.0.2:53 key:xfr"
  std::string address;
  std::uint16_t port = 53;
  std::string key;
  bool operator==(const Peer&) const = default;
};

struct ZoneSettings {
  std::vector<AccessRule> allow_transfer, allow_update;
  std::vector<Peer> notify;     // our secondaries
  std::vector<Peer> primaries;  // we are the secondary
  bool operator==(const ZoneSettings&) const = default;
  // Its transfer view is needed: to hand it on, or to judge the prerequisites of updates.
  [[nodiscard]] bool serves() const { return !allow_transfer.empty() || !notify.empty() || !allow_update.empty(); }
};

struct Settings {
  tsig::Keys keys;
  std::map<std::string, ZoneSettings> zones;  // by apex, wire form, folded; only those with any setting
  bool operator==(const Settings&) const = default;
  [[nodiscard]] bool empty() const { return zones.empty() && keys.empty(); }
  [[nodiscard]] const ZoneSettings* find(std::string_view apex) const {
    const auto at = zones.find(std::string(apex));
    return at == zones.end() ? nullptr : &at->second;
  }
};

struct Who {                               // who sent a message
  std::array<std::uint8_t, 16> address{};  // IPv4 in the first four
  bool v6 = false;
  std::string key;  // that signed it and was verified; "" = none
};
[[nodiscard]] bool matches(const AccessRule& rule, const Who& who);
[[nodiscard]] bool is_allowed(const std::vector<AccessRule>& rules, const Who& who);

}  // namespace dnsd::transfer
