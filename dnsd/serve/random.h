// Numbers that an answer is drawn by: reproducible from a seed.
#pragma once

#include <cstdint>

namespace dnsd::serve {

class Random {  // splitmix64: a full-period counter through a finalizer; the seed is a keyed hash
 public:
  explicit Random(std::uint64_t seed) noexcept : state_(seed) {}
  std::uint64_t next() noexcept {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }

 private:
  std::uint64_t state_;
};

[[nodiscard]] inline std::uint32_t below(std::uint64_t random, std::uint32_t n) noexcept {
  return static_cast<std::uint32_t>((random >> 32) * n >> 32);
}

}  // namespace dnsd::serve
