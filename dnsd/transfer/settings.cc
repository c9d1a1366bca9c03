#include "dnsd/transfer/settings.h"

#include <algorithm>

namespace dnsd::transfer {

bool matches(const AccessRule& rule, const Who& who) {
  if (!rule.key.empty() && rule.key != who.key) return false;
  if (!rule.from) return true;
  if (who.v6) return rule.from->contains(registry::Ipv6{who.address});
  registry::Ipv4 v4;
  std::copy_n(who.address.begin(), 4, v4.octets.begin());
  return rule.from->contains(v4);
}

bool is_allowed(const std::vector<AccessRule>& rules, const Who& who) {
  return std::any_of(rules.begin(), rules.end(), [&](const AccessRule& rule) { return matches(rule, who); });
}

}  // namespace dnsd::transfer
