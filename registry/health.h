// The check state machine (gdnsd's, with memory) and what a probe may report.
//
// DOWN: a success counts; `rise` successes in a row make it UP; a failure clears the count.
// UP:   a failure counts; `fall` failures make it DOWN; successes clear the failures only after `ok` in a row.
// The first result sets the state directly. `unknown` verdicts (our own fault) change nothing.
// UP has two faces: a `warn` verdict counts as a success, and while UP the state is `warning` or `passing` as the last
// success said, at once and without hysteresis.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "registry/basics.h"
#include "registry/definition.h"

namespace registry {

enum class CheckState : std::uint8_t { unknown, passing, warning, critical };

// What one probe found. `unknown` = our own fault: no descriptors, no route, our loop lagged.
enum class Verdict : std::uint8_t { ok, warn, failed, unknown };

// Why it failed; the guard tells faults that may be ours (timeout, unreachable) from those that are not.
enum class Fault : std::uint8_t { none, timeout, unreachable, refused, reset, tls, status, body, reported, local };

struct CheckStatus {
  CheckState state = CheckState::unknown;
  std::uint16_t successes = 0;  // towards rise (down) or ok (up with failures)
  std::uint16_t failures = 0;   // towards fall
  Wall since{};                 // when `state` was entered; epoch = never had a result
  bool passed_once = false;     // some result was ok or warn: what fail_open may answer
  std::string output;           // of the last result, at most 256 octets, valid UTF-8
  std::chrono::microseconds latency{};
  Fault fault = Fault::none;
  bool operator==(const CheckStatus&) const = default;
};

struct ProbeResult {
  Verdict verdict = Verdict::unknown;
  Fault fault = Fault::none;
  std::string output{};
  std::chrono::microseconds latency{};
};

// Feeds one result. Returns true when `status.state` changed.
bool observe(CheckStatus& status, const CheckDef& def, const ProbeResult& result, Wall now);

// Sets a state from outside the state machine (a reported state, the end of a lease): at once, counters cleared.
// Returns true when the state changed.
bool enter(CheckStatus& status, CheckState state, Fault fault, std::string_view output, Wall now);

inline constexpr std::size_t kMaxOutput = 256;  // octets of a check's output that are kept

// How many further results it takes until the state could flip, either way (>= 1); x interval = the horizon.
// 1 for a check without any result.
[[nodiscard]] int results_until_flip(const CheckStatus& status, const CheckDef& def);

}  // namespace registry
