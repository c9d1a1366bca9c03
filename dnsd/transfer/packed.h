// What a block has packed, as strings. Internal to the views.
#pragma once

#include <cstdint>
#include <cstring>
#include <set>
#include <string>
#include <string_view>

namespace dnsd::transfer {

inline std::string be16(std::uint16_t v) { return {static_cast<char>(v >> 8), static_cast<char>(v)}; }
inline std::string_view octets(const std::uint8_t* p, std::size_t size) {
  return {reinterpret_cast<const char*>(p), size};
}
inline std::string_view label_at(const std::uint8_t* p) { return octets(p, p[0] + 1U); }
inline std::string underscored(std::string_view label) {  // with its length octet
  return std::string(1, static_cast<char>(label[0] + 1)) + '_' + std::string(label.substr(1));
}
inline std::uint16_t size16(const std::uint8_t* p) {
  std::uint16_t v;
  std::memcpy(&v, p, 2);
  return v;
}

// f(rdata) for each TXT record that a block's `meta` lists; null = none. Equal ones once.
template <class F>
void each_text(const std::uint8_t* meta, F&& f) {
  if (meta == nullptr) return;
  const std::uint8_t* p = meta + 2;
  std::set<std::string_view> seen;
  for (unsigned n = size16(meta); n != 0; --n) {
    const std::string_view rdata = octets(p + 2, size16(p));
    if (seen.insert(rdata).second) f(rdata);
    p += 2 + rdata.size();
  }
}

}  // namespace dnsd::transfer
