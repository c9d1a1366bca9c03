// std::optional of a time in the size of the time: the earliest of all stands for none.
#pragma once

#include <optional>

namespace registry {

template <class Time>
class MaybeTime {
 public:
  MaybeTime() = default;
  MaybeTime(std::nullopt_t) {}
  MaybeTime(Time time) : time_(time) {}
  MaybeTime(const std::optional<Time>& time) : time_(time.value_or(Time::min())) {}
  operator std::optional<Time>() const { return has_value() ? std::optional(time_) : std::nullopt; }

  [[nodiscard]] bool has_value() const { return time_ != Time::min(); }
  explicit operator bool() const { return has_value(); }
  const Time& operator*() const { return time_; }
  [[nodiscard]] Time value() const { return std::optional<Time>(*this).value(); }
  [[nodiscard]] Time value_or(Time other) const { return has_value() ? time_ : other; }
  void reset() { time_ = Time::min(); }
  friend bool operator==(const MaybeTime&, const MaybeTime&) = default;

 private:
  Time time_ = Time::min();
};

}  // namespace registry
