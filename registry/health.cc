#include "registry/health.h"

#include <algorithm>

#include "registry/text.h"

namespace registry {
namespace {

// More are not told apart: the cap is reached, whatever the rise (1 x 2^5 = 32). It also bounds the time to forget.
constexpr int kMostFlaps = kFreeFlaps + 5;

CheckState state_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::ok:
      return CheckState::passing;
    case Verdict::warn:
      return CheckState::warning;
    case Verdict::failed:
      return CheckState::critical;
    case Verdict::unknown:
      break;
  }
  return CheckState::unknown;
}

void clear_counters(CheckStatus& status) {
  status.successes = 0;
  status.failures = 0;
}

// While up: successes heal, after `ok` of them in a row; later they make falls forgotten.
void heal(CheckStatus& status, const CheckDef& def) {
  if (is_held(status, def)) return clear_counters(status);
  if (status.failures > 0) {
    if (++status.successes >= def.ok) clear_counters(status);
  } else if (status.flaps > 0 && ++status.successes >= kCalmResults) {
    --status.flaps;
    status.successes = 0;
  }
}

// The state after one success or failure; counters move along.
CheckState next_state(CheckStatus& status, const CheckDef& def, Verdict verdict, bool hold) {
  const bool success = verdict != Verdict::failed;
  if (status.state == CheckState::unknown) return state_of(verdict);  // the first result counts at once
  if (!is_up(status.state)) {
    status.successes = success ? static_cast<std::uint16_t>(status.successes + 1) : std::uint16_t{0};
    return status.successes >= damped_rise(status, def) ? state_of(verdict) : CheckState::critical;
  }
  if (success) {
    heal(status, def);
    return state_of(verdict);
  }
  status.successes = 0;
  status.failures = static_cast<std::uint16_t>(std::min(status.failures + 1, def.fall));
  return status.failures >= def.fall && !hold ? CheckState::critical : status.state;
}

}  // namespace

int damped_rise(const CheckStatus& status, const CheckDef& def) {
  const int doublings = std::clamp(status.flaps - kFreeFlaps, 0, kMostFlaps - kFreeFlaps);
  return std::max(def.rise, std::min(def.rise << doublings, kMaxDampedRise));
}

bool is_held(const CheckStatus& status, const CheckDef& def) {
  return is_up(status.state) && status.failures >= def.fall;
}

bool observe(CheckStatus& status, const CheckDef& def, const ProbeResult& result, Wall now, bool hold) {
  if (result.verdict == Verdict::unknown) return false;
  const CheckState before = status.state;
  const CheckState after = next_state(status, def, result.verdict, hold);
  if (before == CheckState::unknown || is_up(before) != is_up(after)) clear_counters(status);
  if (is_up(before) && !is_up(after)) {
    status.flaps = static_cast<std::uint16_t>(std::min(status.flaps + 1, kMostFlaps));
  }
  status.output = clip_utf8(result.output, kMaxOutput);
  status.latency = result.latency;
  status.fault = result.verdict == Verdict::failed ? result.fault : Fault::none;
  status.passed_once |= result.verdict != Verdict::failed;
  if (before == after) return false;
  status.state = after;
  status.since = now;
  return true;
}

bool enter(CheckStatus& status, CheckState state, Fault fault, std::string_view output, Wall now) {
  clear_counters(status);
  status.output = clip_utf8(output, kMaxOutput);
  status.latency = {};
  status.fault = fault;
  status.passed_once |= is_up(state);
  if (status.state == state) return false;
  status.state = state;
  status.since = now;
  return true;
}

int results_until_flip(const CheckStatus& status, const CheckDef& def) {
  if (status.state == CheckState::unknown) return 1;
  const int left = is_up(status.state) ? def.fall - status.failures : damped_rise(status, def) - status.successes;
  return left < 1 ? 1 : left;
}

}  // namespace registry
