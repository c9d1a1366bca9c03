#include <array>

#include "api/cloudmap/call.h"
#include "api/cloudmap/health_status.h"
#include "api/cloudmap/policy.h"
#include "api/write.h"
#include "registry/validate.h"

namespace api::cloudmap {
namespace {

using registry::Reason;

constexpr std::size_t kMaxAsked = 100;  // instances that one request names, as with AWS

}  // namespace

bool is_usable(const registry::Instance& instance) {
  const auto reason = instance.reason;
  const bool up = reason == Reason::ok || reason == Reason::override_up || reason == Reason::guard_held;
  return instance.available || (instance.def->api_only && up);
}

std::string_view health_of(const registry::Instance& instance) {
  if (instance.reason == Reason::check_first_result_pending) return "UNKNOWN";
  if (!is_usable(instance)) return "UNHEALTHY";
  return instance.checks->empty() ? "UNKNOWN" : "HEALTHY";
}

Out<Step> get_health(Call& call) {
  const auto in = call.in();
  const auto service_text = in.need("ServiceId", kMaxResourceId);
  const auto asked = in.texts("Instances", kMaxAsked, registry::kMaxId);
  const auto page = read_page(in);
  if (call.fault) return std::unexpected(*call.fault);
  const auto service = service_at(call, service_text);
  if (!service) return std::unexpected(service.error());
  Step step;
  json::object shown;
  for (const auto& id : asked) {
    const auto instance = instance_at(**service, id);
    if (!instance) return std::unexpected(instance.error());
    shown[id] = health_of(**instance);
  }
  const auto& all = (*service)->instances;
  for (auto at = all.upper_bound(page.after); asked.empty() && at != all.end(); ++at) {
    if (shown.size() == page.limit) {
      put_next(step.body, std::string_view(std::prev(shown.end())->key()));
      break;
    }
    shown[at->first] = health_of(at->second);
  }
  step.body["Status"] = std::move(shown);
  return step;
}

// A report, as a heartbeat brings one: no commit, in DNS before the answer.
Out<Step> update_health(Call& call) {
  static constexpr std::array<std::string_view, 2> kWords = {"HEALTHY", "UNHEALTHY"};
  const auto in = call.in();
  const auto service_text = in.need("ServiceId", kMaxResourceId);
  const auto id = in.need("InstanceId", registry::kMaxId);
  const auto status = in.word("Status", kWords);
  if (status.empty()) in.fail("Status is required");
  if (call.fault) return std::unexpected(*call.fault);
  const auto service = service_at(call, service_text);
  if (!service) return std::unexpected(service.error());
  if (const auto instance = instance_at(**service, id); !instance) return std::unexpected(instance.error());
  const auto report = custom_report((*service)->name.key(), id, status == "HEALTHY");
  if (const auto done = beat(call.app, report); !done) {
    auto error = to_error(done.error());
    if (error.type == "CustomHealthNotFound") error.message = "the service has no HealthCheckCustomConfig";
    return std::unexpected(std::move(error));
  }
  return Step();
}

}  // namespace api::cloudmap
