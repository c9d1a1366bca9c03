// A registration onto an instance, and the changes that Eureka's clients make to one.
#pragma once

#include "api/app.h"
#include "api/eureka/body.h"

namespace api::eureka {

// Milliseconds since 1970, as everywhere in Eureka.
[[nodiscard]] std::int64_t to_milliseconds(registry::Wall time);

// The definition that the body asks for. What is there already keeps what only it knows: its label, when it was
// registered, its override. Equal but for that, it stays equal: the registration only renews the lease.
[[nodiscard]] registry::Result<registry::InstanceDef> define(const Body& body, const registry::DomainName& service,
                                                             const registry::Instance* present, registry::Wall now,
                                                             int lease_factor = 1);

// Puts the notes into the definition, with the heartbeat check that goes with them.
void settle(const Notes& notes, registry::InstanceDef& def);

// What a heartbeat of the client reports.
[[nodiscard]] bool reports_up(const Notes& notes);
[[nodiscard]] std::string report_of(const Notes& notes);  // "" = nothing but life

}  // namespace api::eureka
