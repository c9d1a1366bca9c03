#include "api/cloudmap/policy.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace api::cloudmap {
namespace {

using registry::CheckDef;
using registry::CheckKind;

constexpr int kAnswers = 8;

// The shortest of its records': they are one service here.
std::optional<registry::Millis> ttl_of(const ServiceNotes& notes) {
  if (!notes.dns || notes.dns->records.empty()) return std::nullopt;
  const std::chrono::seconds least(std::ranges::min(notes.dns->records, {}, &DnsRecord::ttl).ttl);
  return std::min(least, kLongestOwnTtl);
}

// Route 53 takes 2xx and 3xx for healthy, does not look at certificates, and considers a new check healthy until there
// is data. So what never passed is answered too when nothing is healthy, and a check that a service is given later
// takes nothing out before it was asked.
CheckDef probe_of(const HealthConfig& health, const Options& options) {
  CheckDef check = options.check_defaults;
  check.kind = health.type == "TCP" ? CheckKind::tcp : health.type == "HTTPS" ? CheckKind::https : CheckKind::http;
  check.name = registry::fold(health.type);
  check.initial = registry::CheckState::passing;
  if (check.kind != CheckKind::tcp) {
    if (!health.path.empty()) check.http.path = health.path.starts_with('/') ? health.path : "/" + health.path;
    check.http.expect_status = {200, 201, 202, 203, 204, 205, 206, 207, 208, 226,
                                300, 301, 302, 303, 304, 305, 306, 307, 308};
    check.http.tls_skip_verify = check.kind == CheckKind::https;
  }
  if (health.threshold) check.fall = check.rise = static_cast<int>(*health.threshold);
  return check;
}

}  // namespace

CheckDef custom_check(registry::CheckState initial) {
  CheckDef check;
  check.name = kCustomCheck;
  check.kind = CheckKind::heartbeat;
  check.initial = initial;
  return check;
}

// A lease of the native API is not ours to renew: the check is named.
Heartbeat custom_report(std::string service, std::string id, bool healthy) {
  Heartbeat report;
  report.service = std::move(service);
  report.id = std::move(id);
  report.check = kCustomCheck;
  report.state = healthy ? registry::CheckState::passing : registry::CheckState::critical;
  report.output = healthy ? "reported HEALTHY" : "reported UNHEALTHY";
  return report;
}

void change_policy(registry::ServicePolicy& policy, const ServiceNotes& notes, const Options& options) {
  policy.ttl = ttl_of(notes);
  policy.checks = {};
  if (notes.health) policy.checks.push_back(probe_of(*notes.health, options));
  if (notes.custom) policy.checks.push_back(custom_check());
}

registry::ServicePolicy policy_of(const ServiceNotes& notes, const Options& options) {
  registry::ServicePolicy policy;
  const bool weighted = notes.dns && notes.dns->weighted;
  policy.max_answers = weighted ? 1 : kAnswers;
  policy.max_srv = weighted ? 1 : options.cloudmap.max_srv;
  policy.on_empty = registry::OnEmpty::fail_open;
  change_policy(policy, notes, options);
  return policy;
}

}  // namespace api::cloudmap
