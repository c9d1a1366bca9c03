// The check state machine (gdnsd's, with memory) and what a probe may report.
//
// DOWN: a success counts; `rise` successes in a row make it UP; a failure clears the count.
// UP:   a failure counts; `fall` failures make it DOWN; successes clear the failures only after `ok` in a row.
// The first result sets the state directly. `unknown` verdicts (our own fault) change nothing.
// UP has two faces: a `warn` verdict counts as a success, and while UP the state is `warning` or `passing` as the last
// success said, at once and without hysteresis.
//
// Damping: a check that falls again and again has to stand longer before it is believed. The first `kFreeFlaps` falls
// are free, each further one doubles the rise, up to `kMaxDampedRise`; `kCalmResults` successes in a row while UP
// forget one fall. All of it is counted in results, like the rest of the machine: no clock can step, and a probe that
// is asked less often is not damped longer. So in n results there are at most 6 + n / 35 falls (rise 2, fall 3),
// however the target behaves: after six falls, a cycle costs 3 failures and 32 successes, or 60 successes to be
// forgiven one.
//
// Held: the guard (guard.h) may keep a check UP that has failed `fall` times. It is seen by the counter: UP with
// failures >= fall. The first success clears the failures at once (they were ours), the first failure that the guard
// does not hold takes it DOWN.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "registry/basics.h"
#include "registry/definition.h"

namespace registry {

// What one probe found. `unknown` = our own fault: no descriptors, no route, our loop lagged.
enum class Verdict : std::uint8_t { ok, warn, failed, unknown };

// Why it failed; the guard tells faults that may be ours (timeout, unreachable) from those that are not.
enum class Fault : std::uint8_t { none, timeout, unreachable, refused, reset, tls, status, body, reported, local };

struct CheckStatus {
  CheckState state = CheckState::unknown;
  Fault fault = Fault::none;    // of the last result
  bool passed_once = false;     // some result was ok or warn: what fail_open may answer
  std::uint16_t successes = 0;  // towards rise (down), ok (up with failures), calm (up with falls to forget)
  std::uint16_t failures = 0;   // towards fall
  std::uint16_t flaps = 0;      // falls that are not forgotten yet
  Wall since{};                 // when `state` was entered; epoch = never had a result
  std::string output;           // of the last result, at most 256 octets, valid UTF-8
  std::chrono::microseconds latency{};
  bool operator==(const CheckStatus&) const = default;
};

struct ProbeResult {
  Verdict verdict = Verdict::unknown;
  Fault fault = Fault::none;
  std::string output{};
  std::chrono::microseconds latency{};
  Millis pace{};  // until the next one, where it comes slower than the check's interval
};

[[nodiscard]] inline bool is_up(CheckState state) {
  return state == CheckState::passing || state == CheckState::warning;
}

// A fault that may as well be our own: of our network, our load. What a target itself said (refused, reset, TLS, a
// status) is not.
[[nodiscard]] inline bool may_be_ours(Fault fault) { return fault == Fault::timeout || fault == Fault::unreachable; }

// Feeds one result. Returns true when `status.state` changed. `hold`: a failure does not take the check down.
bool observe(CheckStatus& status, const CheckDef& def, const ProbeResult& result, Wall now, bool hold = false);

// Sets a state from outside the state machine (a reported state, the end of a lease): at once, counters cleared.
// Returns true when the state changed.
bool enter(CheckStatus& status, CheckState state, Fault fault, std::string_view output, Wall now);

inline constexpr std::size_t kMaxOutput = 256;  // octets of a check's output that are kept

inline constexpr int kFreeFlaps = 2;       // two falls are a restart and a bad deployment, not a habit
inline constexpr int kMaxDampedRise = 32;  // successes in a row, 160 s at the default interval (a larger `rise` stands)
inline constexpr int kCalmResults = 60;    // successes that forget one fall, 5 minutes at the default interval

// The successes in a row that bring it back: `rise`, or more after too many falls.
[[nodiscard]] int damped_rise(const CheckStatus& status, const CheckDef& def);
[[nodiscard]] bool is_held(const CheckStatus& status, const CheckDef& def);

// How many further results it takes until the state could flip, either way (>= 1); x interval = the horizon.
// 1 for a check without any result.
[[nodiscard]] int results_until_flip(const CheckStatus& status, const CheckDef& def);

}  // namespace registry
