// Names in wire form as the publisher handles them: strings of octets. Control thread; allocates.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "dnsd/answers/name_hash.h"
#include "dnsd/answers/presentation.h"  // fold_wire, is_at_or_below
#include "registry/names.h"

namespace dnsd::answers {

inline constexpr std::size_t kMaxName = 255;    // RFC 1035 3.1
inline constexpr std::size_t kMaxLabels = 127;  // of one octet each

[[nodiscard]] std::string to_wire(std::string_view text);  // "worker.corp" -> wire, spelled as given; "" = the root
[[nodiscard]] inline std::string to_wire(const registry::DomainName& name) { return to_wire(name.text()); }
[[nodiscard]] std::string label_wire(std::string_view label);  // length octet and text
[[nodiscard]] unsigned count_labels(std::string_view wire);
[[nodiscard]] std::string_view parent_wire(std::string_view wire);  // without the first label; of the root: the root
// Size of the name at the start of `wire`, which is complete and uncompressed.
[[nodiscard]] std::size_t wire_size(const std::uint8_t* wire) noexcept;

// A name with its suffix hashes, for look-ups by the writer and by tests.
class HashedName {
 public:
  HashedName(std::string_view folded_wire, std::uint64_t key);
  HashedName(const HashedName&) = delete;
  HashedName& operator=(const HashedName&) = delete;
  [[nodiscard]] const NameRef& ref() const { return ref_; }

 private:
  std::array<std::uint8_t, kMaxName + 1> wire_{};
  std::array<std::uint8_t, kMaxLabels + 1> label_at_{};
  std::array<std::uint64_t, kMaxLabels + 1> hash_{};
  NameRef ref_;
};

}  // namespace dnsd::answers
