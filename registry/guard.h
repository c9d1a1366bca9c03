// The guard: is it them, or is it us? When most of what is watched fails at once, in a way that a fault of our own
// would look like, the transitions are held, for a bounded time and visibly (DESIGN section 5, docs/health.md).
//
// One guard watches probes, another one leases; they differ in their numbers only. A guard knows no instances: it is
// told how each check stands, looks at the sums, and says when to begin and to end. The registry does what it says.
//
//   off      nothing special. When the evidence is complete: holding.
//   holding  until the evidence has been missing for `kSettle`, or is missing when `hold` is over (recovered); or
//            `hold` is over while it lasts (expired); or someone lifts it.
//   spent    held long enough, or lifted: what fails is believed until the evidence was gone, so that it cannot be
//            held for ever. Then off; evidence within a minute is the same fault, which has no time left.
//
// Pure: time is an argument. Owner: the control thread.
#pragma once

#include <array>
#include <string>

#include "registry/census.h"
#include "registry/maybe_time.h"

namespace registry {

struct GuardSettings {  // [health.guard]
  bool enabled = true;
  double share = 0.5;    // more than this part of the probes fails
  int instances = 5;     // of at least so many instances
  int services = 2;      // and services
  Millis hold{600'000};  // at most so long
};

// Eureka expects 85 % of the renewals. Leases end for reasons of their own less often than probes fail.
inline constexpr double kLeaseShare = 0.2;
// A probe that began before the fault was healed may still fail after it: 2 s of timeout, twice, and an interval.
inline constexpr std::chrono::seconds kSettle{10};
// Back so soon it is the same fault, which has used up a part of its time.
inline constexpr std::chrono::minutes kSameFault{1};
// How long a verdict that took something down stays revertible: for its own pace, for by then all that is watched as
// closely has had its verdict too. At least ten seconds, for the evidence takes a moment to be complete; at most a
// minute, the widest circle that is counted apart: nobody wants back what he saw go an hour ago.
inline constexpr std::chrono::seconds kLeastRevertible{10};
inline constexpr std::chrono::seconds kMostRevertible{60};

enum class GuardKind : std::uint8_t { probes, leases };

class Guard {
 public:
  enum class State : std::uint8_t { off, holding, spent };
  enum class Step : std::uint8_t { none, began, recovered, expired };

  Guard(GuardKind kind, const GuardSettings& settings);

  void move(const Witness& witness, Standing from, Standing to);
  // To be called after something moved, and at or after next(). `self_failed`: the server cannot even reach itself.
  [[nodiscard]] Step look(bool self_failed, Mono now);
  // What is held is to be let go now, and the fault has no time left. False when it did not hold.
  bool lift(Mono now);

  [[nodiscard]] bool enabled() const { return settings_.enabled; }
  [[nodiscard]] GuardKind kind() const { return kind_; }
  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] bool holding() const { return state_ == State::holding; }
  [[nodiscard]] Mono next() const;
  [[nodiscard]] Mono since() const { return since_; }            // while holding
  [[nodiscard]] Mono until() const { return until_; }            // while holding, or what was left of it then
  [[nodiscard]] const std::string& why() const { return why_; }  // of the last time it began
  [[nodiscard]] std::uint64_t begun() const { return begun_; }
  [[nodiscard]] std::uint64_t lifted() const { return lifted_; }

 private:
  // Everything, what gives a verdict at least once a minute, and at least every ten seconds: where a part is watched
  // closely it must not wait for the rest to say the same, and where all is watched seldom nothing may be forgotten.
  static constexpr std::array<Millis, 3> kPaces{Millis(10'000), Millis(60'000), Millis::max()};

  [[nodiscard]] const Census* fitting(bool self_failed) const;
  [[nodiscard]] std::string describe(const Census& census, bool self_failed) const;
  Step begin(const Census& census, bool self_failed, Mono now);
  bool settled(bool fits, Mono now);

  GuardKind kind_;
  GuardSettings settings_;
  std::array<Census, kPaces.size()> census_;  // each counts what the ones before it count
  State state_ = State::off;
  Mono since_{}, until_{};
  MaybeTime<Mono> missing_since_;  // the evidence, while holding or spent
  MaybeTime<Mono> ended_;          // the last time
  std::string why_;
  std::uint64_t begun_ = 0, lifted_ = 0;
};

[[nodiscard]] std::string_view to_string(GuardKind kind);      // "probes"
[[nodiscard]] std::string_view to_string(Guard::State state);  // "holding"

}  // namespace registry
