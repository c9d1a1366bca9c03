#include <array>

#include "api/native/common.h"
#include "api/native/handlers.h"
#include "registry/codec/codec.h"

namespace api::native {

using registry::FieldError;
using registry::ProblemKind;

namespace {

constexpr std::size_t kMaxOutput = 256;
constexpr std::array<std::string_view, 2> kFields = {"state", "output"};

void read_state(Heartbeat& heartbeat, const json::value& value, std::vector<FieldError>& errors) {
  const auto* text = value.if_string();
  const auto state = text ? registry::codec::parse_check_state({text->data(), text->size()}) : std::nullopt;
  if (state && *state != registry::CheckState::unknown) {
    heartbeat.state = state;
    return;
  }
  errors.push_back({"#/state", "invalid_value", "must be passing, warning or critical", {}});
}

void read_output(Heartbeat& heartbeat, const json::value& value, std::vector<FieldError>& errors) {
  const auto* text = value.if_string();
  if (!text || text->size() > kMaxOutput) {
    errors.push_back({"#/output", text ? "too_long" : "wrong_type", "must be a text of at most 256 octets", {}});
    return;
  }
  heartbeat.output.assign(text->data(), text->size());
}

// {"state":"passing|warning|critical","output":"..."}, both optional.
std::optional<registry::Problem> read_body(Heartbeat& heartbeat, const json::value& body) {
  registry::Problem problem{ProblemKind::invalid_registration, "the heartbeat is not valid", {}, {}};
  const auto* object = body.if_object();
  if (!object) problem.errors.push_back({"#", "wrong_type", "must be an object", {}});
  for (const auto& member : object ? *object : json::object()) {
    const std::string_view name(member.key().data(), member.key().size());
    if (name == "state") {
      read_state(heartbeat, member.value(), problem.errors);
    } else if (name == "output") {
      read_output(heartbeat, member.value(), problem.errors);
    } else {
      problem.errors.push_back({"#/" + std::string(name), "unknown_field", "is not a field of a heartbeat",
                                std::string(registry::codec::did_you_mean(name, kFields))});
    }
  }
  if (problem.errors.empty()) return std::nullopt;
  return problem;
}

}  // namespace

Result<Plan> put_heartbeat(App&, const Request& request, const json::value* body) {
  const auto name = name_to_read(request.params[0], ProblemKind::unknown_service);
  if (!name) return std::unexpected(name.error());
  Heartbeat heartbeat;
  heartbeat.service = name->key();
  heartbeat.id = request.params[1];
  heartbeat.check = std::string(request.parameter("check").value_or(""));
  if (body) {
    if (auto problem = read_body(heartbeat, *body)) return std::unexpected(std::move(*problem));
  }
  Plan plan;
  plan.action = std::move(heartbeat);
  return plan;
}

}  // namespace api::native
