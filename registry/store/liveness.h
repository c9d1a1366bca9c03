// Which rows of the log still say something. Rows are judged from the newest to the oldest:
//   a row is superseded when a newer one has its key;
//   the tombstone of a service ends its older instances, and that of an instance its older drains and check states,
//   so that a name that is registered again starts without the past of its namesake.
#pragma once

#include <xxhash.h>

#include <string>
#include <string_view>
#include <unordered_set>

namespace registry::store {

class Liveness {
 public:
  enum class Verdict : std::uint8_t { live, tombstone, superseded };
  [[nodiscard]] Verdict judge(std::string_view key, bool tombstone);
  [[nodiscard]] std::size_t live() const { return live_; }

 private:
  // 128 bits: two of ten million keys meet with a chance of 1 in 10^25, so a hash stands for its key.
  struct Hash {
    XXH128_hash_t value;
    bool operator==(const Hash& other) const { return XXH128_isEqual(value, other.value) != 0; }
  };
  struct Fold {
    std::size_t operator()(const Hash& hash) const { return hash.value.low64; }
  };
  [[nodiscard]] static Hash hash_of(std::string_view key) { return {XXH3_128bits(key.data(), key.size())}; }
  [[nodiscard]] bool ended(char kind, std::string_view path);
  [[nodiscard]] bool parent_ended(std::string_view key);

  std::unordered_set<Hash, Fold> seen_;
  std::unordered_set<Hash, Fold> ended_;
  std::string parent_;  // scratch
  std::size_t live_ = 0;
};

}  // namespace registry::store
