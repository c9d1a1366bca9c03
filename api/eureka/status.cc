#include "api/eureka/status.h"

#include <algorithm>

#include "api/eureka/notes.h"

namespace api::eureka {

using registry::CheckState;
using registry::Instance;
using registry::Reason;

std::string_view to_string(Status status) {
  switch (status) {
    case Status::down:
      return "DOWN";
    case Status::out_of_service:
      return "OUT_OF_SERVICE";
    case Status::starting:
      return "STARTING";
    case Status::unknown:
      return "UNKNOWN";
    case Status::up:
      break;
  }
  return "UP";
}

std::optional<Status> parse_status(std::string_view text) {
  const auto at = std::ranges::find_if(kStatuses, [&](Status status) { return to_string(status) == text; });
  return at == kStatuses.end() ? std::nullopt : std::optional(*at);
}

Status effective(Status client, std::optional<Status> override_status) {
  if (client == Status::down || client == Status::starting) return client;
  return override_status.value_or(client);
}

std::optional<Status> override_of(const Instance& instance, const Notes& notes) {
  if (notes.override_status == Status::up || instance.drain_started) return notes.override_status;
  return std::nullopt;
}

namespace {

Status by_checks(const Instance& instance, const Notes& notes) {
  const bool up = instance.state == CheckState::passing || instance.state == CheckState::warning;
  if (up && instance.reason == Reason::shadowed) return Status::up;  // else a warning that its service does not take
  if (instance.state == CheckState::unknown) return Status::starting;
  const auto reported = effective(notes.status, override_of(instance, notes));
  return reported == Status::up ? Status::down : reported;  // UP, says the client, and a probe says otherwise
}

}  // namespace

Status status_of(const Instance& instance, const Notes& notes) {
  switch (instance.reason) {
    case Reason::ok:
    case Reason::guard_held:
    case Reason::override_up:
      return Status::up;
    case Reason::override_down:
      return Status::out_of_service;
    case Reason::draining:
      return effective(notes.status, notes.override_status.value_or(Status::out_of_service));
    case Reason::shadowed:  // by a record of a zone file: DNS does not answer it, and it works
    case Reason::check_failing:
    case Reason::check_first_result_pending:
    case Reason::lease_expired:
      break;
  }
  return by_checks(instance, notes);
}

bool is_shown(const Instance& instance) { return !instance.forget_at && !instance.def->api_only; }

}  // namespace api::eureka
