// What the load generators share: the clock, latencies, and the end of a run that cannot go on.
#pragma once

#include <time.h>

#include <array>
#include <bit>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace load {

[[noreturn]] inline void fail(const std::string& why) {
  std::fprintf(stderr, "load: %s\n", why.c_str());
  std::exit(2);
}

inline std::uint64_t nanoseconds(clockid_t clock) {
  timespec t;
  clock_gettime(clock, &t);
  return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(t.tv_nsec);
}

// The clock of Python's time.monotonic_ns() as well, so that a script can compare its own moments with ours.
inline std::uint64_t now() { return nanoseconds(CLOCK_MONOTONIC); }

// Log-linear, 32 steps an octave: 3 % resolution.
class Histogram {
 public:
  void record(std::uint64_t nanoseconds) {
    ++counts_[index(nanoseconds)];
    ++total_;
  }
  [[nodiscard]] std::uint64_t total() const { return total_; }
  [[nodiscard]] double percentile(double share) const {  // microseconds
    const auto wanted = static_cast<std::uint64_t>(static_cast<double>(total_) * share);
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      if ((seen += counts_[i]) > wanted) return static_cast<double>(value(i)) / 1e3;
    }
    return 0;
  }

 private:
  static std::size_t index(std::uint64_t v) {
    if (v < 32) return v;
    const auto octave = static_cast<std::size_t>(std::bit_width(v)) - 1;
    return (octave - 4) * 32 + ((v >> (octave - 5)) & 31);
  }
  static std::uint64_t value(std::size_t i) {
    if (i < 32) return i;
    const std::size_t octave = i / 32 + 4;
    return (std::uint64_t{1} << octave) + (static_cast<std::uint64_t>(i % 32) << (octave - 5));
  }
  std::array<std::uint64_t, 64 * 32> counts_{};
  std::uint64_t total_ = 0;
};

}  // namespace load
