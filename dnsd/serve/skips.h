// Offers that an answer leaves out: their record is there already (instances may share a host, and a set has no
// repeats, RFC 2181 5), or has no valid target. Touched by the first of them only: most answers have none.
#pragma once

#include <xxhash.h>

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "dnsd/wire/writer.h"

namespace dnsd::serve {

class Skips {
 public:
  void begin() noexcept { used_ = false; }
  // False: the rdata at `at` of the message is that of an earlier record.
  bool is_new(const std::uint8_t* message, std::size_t at, std::size_t size) noexcept {
    prepare();
    for (std::size_t i = XXH3_64bits(message + at, size) % kSlots;; i = (i + 1) % kSlots) {
      if (rdata_[i] == 0) {
        rdata_[i] = static_cast<std::uint16_t>(at);
        return true;
      }
      const std::uint8_t* other = message + rdata_[i];
      if (wire::get16(other - 2) == size && std::memcmp(other, message + at, size) == 0) return false;
    }
  }
  // The n-th offer. What comes behind kSlots of them counts as left out: it has no addresses in the message.
  void skip(std::uint32_t n) noexcept {
    prepare();
    if (n < kSlots) skipped_.set(n);
  }
  [[nodiscard]] bool skipped(std::uint32_t n) const noexcept { return used_ && (n >= kSlots || skipped_[n]); }

  // A message of 65,535 octets holds 3,120 records of the least size, 21 octets.
  static constexpr std::size_t kSlots = 4096;

 private:
  void prepare() noexcept {
    if (used_) return;
    used_ = true;
    rdata_.fill(0);
    skipped_.reset();
  }

  bool used_ = false;
  std::array<std::uint16_t, kSlots> rdata_;  // where they stand; 0 = free
  std::bitset<kSlots> skipped_;
};

}  // namespace dnsd::serve
