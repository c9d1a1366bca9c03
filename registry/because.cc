#include "registry/because.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace registry {
namespace {

std::string_view word_of(CheckState state) {
  switch (state) {
    case CheckState::unknown:
      return "has no result yet";
    case CheckState::passing:
      return "passes";
    case CheckState::warning:
      return "warns";
    case CheckState::critical:
      break;
  }
  return "fails";
}

// The first check that is so.
template <class Wanted>
std::string first_check(const Instance& instance, Wanted wanted) {
  for (std::size_t i = 0; i < instance.status.size(); ++i) {
    const CheckDef& def = (*instance.checks)[i];
    const CheckStatus& status = instance.status[i];
    const bool lease = def.kind == CheckKind::heartbeat;
    const bool held = lease ? instance.trace[i].lease == LeasePhase::held : is_held(status, def);
    if (wanted(status.state, held)) return cause_of(def, status, held);
  }
  return {};
}

std::string of_override(const Override* ruling) {
  if (ruling == nullptr) return {};
  const OverrideDef& def = ruling->def;
  std::string out = fmt::format("override {}", def.name);
  if (!def.author.empty()) out += fmt::format(" by {}", def.author);
  out += def.up ? ": up" : ": down";
  if (!def.reason.empty()) out += fmt::format(", {}", def.reason);
  return out;
}

// When the last of its checks entered its state.
Wall since(const Instance& instance) {
  Wall latest{};
  for (const CheckStatus& status : instance.status) latest = std::max(latest, status.since);
  return latest;
}

}  // namespace

std::string cause_of(const CheckDef& check, const CheckStatus& status, bool held) {
  std::string out = fmt::format("check {}", check.name);
  if (check.kind == CheckKind::heartbeat && status.output.starts_with(kSilence)) {
    out = status.output;
  } else if (status.output.empty()) {
    out += fmt::format(" {}", word_of(status.state));
  } else {
    out += fmt::format(" {}: {}", held ? "failed" : word_of(status.state), status.output);
  }
  if (held) out += ", held by the guard";
  const int rise = damped_rise(status, check);
  if (status.state == CheckState::critical && rise > check.rise) {
    out += fmt::format("; damped after {} falls: wants {} successes in a row", status.flaps, rise);
  }
  return out;
}

std::string cause_of(const Service& service, const Instance& instance, const Override* ruling) {
  switch (instance.reason) {
    case Reason::shadowed:
      return fmt::format("a record of the zone file of {} owns the name", service.apex);
    case Reason::override_down:
    case Reason::override_up:
      return of_override(ruling);
    case Reason::draining:
      return "it is drained";
    case Reason::guard_held:
      return first_check(instance, [](CheckState, bool held) { return held; });
    case Reason::check_first_result_pending:
      return first_check(instance, [](CheckState state, bool) { return state == CheckState::unknown; });
    case Reason::lease_expired:
      for (std::size_t i = 0; i < instance.status.size(); ++i) {
        if (instance.trace[i].lease != LeasePhase::ended) continue;
        return cause_of((*instance.checks)[i], instance.status[i], false);
      }
      return {};
    case Reason::check_failing: {
      auto failing = first_check(instance, [](CheckState state, bool) { return state == CheckState::critical; });
      if (!failing.empty()) return failing;
      return first_check(instance, [](CheckState state, bool) { return state == CheckState::warning; });
    }
    case Reason::ok:
      break;
  }
  if (instance.def->api_only) return "it has no address: the API alone tells of it";
  if (instance.checks->empty()) return "it has no checks";
  if (instance.state == CheckState::warning) {
    return first_check(instance, [](CheckState state, bool) { return state == CheckState::warning; });
  }
  return "all checks pass";
}

std::string because(const Service& service, const Instance& instance, const Override* ruling, Wall now) {
  const Wall from = since(instance);
  const auto held_for = [&] {
    return format_duration(std::max<Millis>(std::chrono::floor<std::chrono::seconds>(now - from), Millis{}));
  };
  if (instance.reason == Reason::ok && instance.state == CheckState::passing && from != Wall{}) {
    return fmt::format("passing for {}", held_for());
  }
  std::string out = cause_of(service, instance, ruling);
  const bool timed = instance.reason == Reason::check_failing || instance.reason == Reason::lease_expired ||
                     (instance.reason == Reason::ok && from != Wall{});
  if (timed && !out.empty()) out += fmt::format(", for {}", held_for());
  return out;
}

}  // namespace registry
