// What a service of Cloud Map means for DNS and for the checks. Pure.
//
// DNS there answers up to eight healthy instances (WEIGHTED: one of them), and all of them as if they were healthy when
// none is. The eight are addresses: SRV answers hold all instances unless [cloudmap] max_srv says otherwise, because
// HAProxy drops the servers that one answer leaves out.
#pragma once

#include "api/cloudmap/notes.h"
#include "api/route.h"
#include "api/server.h"

namespace api::cloudmap {

// The check that UpdateInstanceCustomHealthStatus reports to: no clock ends what was reported.
inline constexpr std::string_view kCustomCheck = "custom";
[[nodiscard]] registry::CheckDef custom_check(registry::CheckState initial = registry::CheckState::unknown);
[[nodiscard]] Heartbeat custom_report(std::string service, std::string id, bool healthy);

[[nodiscard]] registry::ServicePolicy policy_of(const ServiceNotes& notes, const Options& options);
// TTL and checks alone: what else the native API may have set stays.
void change_policy(registry::ServicePolicy& policy, const ServiceNotes& notes, const Options& options);

}  // namespace api::cloudmap
