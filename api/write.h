// Writes: decode to a Plan, submit, and answer when the change is committed and DNS answers it.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/json/value.hpp>

#include "api/app.h"
#include "api/route.h"

namespace api {

[[nodiscard]] Answer answer_write(App& app, PlanHandler handler, const Request& request);

// What one operation answers, alone or in a batch.
struct Written {
  int status = 204;
  boost::json::value body;  // null = none
};
[[nodiscard]] int status_of(const Plan& plan, registry::Outcome outcome);
[[nodiscard]] Written written(App& app, const Plan& plan, registry::Outcome outcome);
[[nodiscard]] std::string etag_of(const boost::json::value& body);  // "" when it has no revision

// Observations: no commit. The index is that of the instance afterwards.
[[nodiscard]] registry::Result<registry::Revision> beat(App& app, const Heartbeat& heartbeat);
// The heartbeat check that is meant; the registry judges the name.
[[nodiscard]] registry::Result<std::string> find_heartbeat(const App& app, const Heartbeat& heartbeat);

// If-Match and If-None-Match of a write. `current` = the revision of what is there now. An ETag that cannot be ours
// gives a revision that nothing has.
[[nodiscard]] registry::Precondition precondition(const Request& request, std::optional<registry::Revision> current);

}  // namespace api
