#include "registry/health.h"

#include "registry/text.h"

namespace registry {
namespace {

bool is_up(CheckState state) { return state == CheckState::passing || state == CheckState::warning; }

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

// The state after one success or failure; counters move along.
CheckState next_state(CheckStatus& status, const CheckDef& def, Verdict verdict) {
  const bool success = verdict != Verdict::failed;
  if (status.state == CheckState::unknown) return state_of(verdict);  // the first result counts at once
  if (!is_up(status.state)) {
    status.successes = success ? static_cast<std::uint16_t>(status.successes + 1) : std::uint16_t{0};
    return status.successes >= def.rise ? state_of(verdict) : CheckState::critical;
  }
  if (!success) {
    status.successes = 0;
    ++status.failures;
    return status.failures >= def.fall ? CheckState::critical : status.state;
  }
  if (status.failures > 0 && ++status.successes >= def.ok) clear_counters(status);
  return state_of(verdict);
}

}  // namespace

bool observe(CheckStatus& status, const CheckDef& def, const ProbeResult& result, Wall now) {
  if (result.verdict == Verdict::unknown) return false;
  const CheckState before = status.state;
  const CheckState after = next_state(status, def, result.verdict);
  if (before == CheckState::unknown || is_up(before) != is_up(after)) clear_counters(status);
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
  const int left = is_up(status.state) ? def.fall - status.failures : def.rise - status.successes;
  return left < 1 ? 1 : left;
}

}  // namespace registry
