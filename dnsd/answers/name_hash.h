// Keyed hashes of all suffixes of a name, computed from the right in one pass: hash(l0.l1.l2) = H(l0, hash(l1.l2)).
//
// Any thread; no state. The key is the hash of the root, drawn at start, so that names cannot be made to collide from
// outside. A collision costs time only: the table compares the name itself (Table::find).
#pragma once

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstdint>

namespace dnsd::answers {

// A name in folded wire form with the offsets of its labels and the hash of each suffix.
struct NameRef {
  const std::uint8_t* wire = nullptr;
  const std::uint8_t* label_at = nullptr;  // [labels] = the root's
  const std::uint64_t* hash = nullptr;     // hash[i]: of the suffix that starts at label i; hash[labels]: the root's
  std::uint8_t size = 0;                   // with the root octet
  std::uint8_t labels = 0;

  [[nodiscard]] const std::uint8_t* label(unsigned i) const noexcept { return wire + label_at[i]; }
  [[nodiscard]] std::uint8_t suffix_size(unsigned i) const noexcept {
    return static_cast<std::uint8_t>(size - label_at[i]);
  }
};

// `label` points at its length octet.
[[nodiscard]] inline std::uint64_t hash_label(const std::uint8_t* label, std::uint64_t parent) noexcept {
  return XXH3_64bits_withSeed(label, label[0] + 1U, parent);
}

inline void hash_suffixes(const std::uint8_t* wire, const std::uint8_t* label_at, unsigned labels, std::uint64_t key,
                          std::uint64_t* hash) noexcept {
  hash[labels] = key;
  for (unsigned i = labels; i-- > 0;) hash[i] = hash_label(wire + label_at[i], hash[i + 1]);
}

}  // namespace dnsd::answers
