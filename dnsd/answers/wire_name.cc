#include "dnsd/answers/wire_name.h"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace dnsd::answers {

std::string label_wire(std::string_view label) {
  assert(!label.empty() && label.size() <= registry::kMaxLabel);
  std::string out(1, static_cast<char>(label.size()));
  out += label;
  return out;
}

std::string to_wire(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  std::string out;
  out.reserve(text.size() + 2);
  while (!text.empty()) {
    const auto dot = text.find('.');
    out += label_wire(text.substr(0, dot));
    text.remove_prefix(dot == std::string_view::npos ? text.size() : dot + 1);
  }
  out.push_back('\0');
  return out;
}

unsigned count_labels(std::string_view wire) {
  unsigned labels = 0;
  for (std::size_t at = 0; wire[at] != 0; at += static_cast<std::uint8_t>(wire[at]) + 1U) ++labels;
  return labels;
}

std::string_view parent_wire(std::string_view wire) {
  const auto first = static_cast<std::uint8_t>(wire[0]);
  return first == 0 ? wire : wire.substr(first + 1U);
}

std::size_t wire_size(const std::uint8_t* wire) noexcept {
  std::size_t at = 0;
  while (wire[at] != 0) at += wire[at] + 1U;
  return at + 1;
}

HashedName::HashedName(std::string_view folded_wire, std::uint64_t key) {
  assert(!folded_wire.empty() && folded_wire.size() <= kMaxName);
  std::memcpy(wire_.data(), folded_wire.data(), folded_wire.size());
  unsigned labels = 0;
  std::size_t at = 0;
  for (; wire_[at] != 0; at += wire_[at] + 1U) label_at_[labels++] = static_cast<std::uint8_t>(at);
  label_at_[labels] = static_cast<std::uint8_t>(at);
  hash_suffixes(wire_.data(), label_at_.data(), labels, key, hash_.data());
  ref_ = {wire_.data(), label_at_.data(), hash_.data(), static_cast<std::uint8_t>(folded_wire.size()),
          static_cast<std::uint8_t>(labels)};
}

}  // namespace dnsd::answers
