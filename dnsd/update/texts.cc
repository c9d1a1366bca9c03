#include <algorithm>

#include "dnsd/update/plan.h"

namespace dnsd::update {

std::string label_of(const registry::Ipv4& address) {
  std::string out = "ip-" + registry::to_string(address);
  std::ranges::replace(out, '.', '-');
  return out;
}

std::string label_of(const registry::Ipv6& address) {
  constexpr char hex[] = "0123456789abcdef";
  std::string out = "ip-";
  for (const auto octet : address.octets) out += {hex[octet >> 4], hex[octet & 15]};
  return out;
}

std::optional<std::pair<std::string, std::string>> pair_of(std::string_view rdata) {
  std::string text;
  while (!rdata.empty()) {
    const auto size = static_cast<std::uint8_t>(rdata[0]);
    if (rdata.size() < 1U + size) return std::nullopt;
    text += rdata.substr(1, size);
    rdata.remove_prefix(1U + size);
  }
  std::string key;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '=') return key.empty() ? std::nullopt : std::optional(std::pair{key, text.substr(i + 1)});
    if (text[i] == '`' && i + 1 < text.size()) ++i;  // RFC 1464: the next character stands for itself
    key += text[i];
  }
  return std::nullopt;
}

}  // namespace dnsd::update
