// What sets the routes of a foreign interface (Consul, Eureka, Cloud Map) apart from the native ones. Their clients
// exist already: unknown query parameters are ignored, errors have the shape that those clients read, a token may
// stand elsewhere, and long polls follow their own rules. Each dialect is one folder under api/ with one value of this.
#pragma once

#include <optional>
#include <string_view>

#include "api/http_message.h"
#include "api/problem.h"
#include "registry/problem.h"
#include "registry/registry.h"

namespace api {

struct App;
struct Options;

// A read that may be held: what the request asks for.
struct Poll {
  std::optional<registry::Revision> index;  // unset = answer at once
  registry::Millis wait{};
  // An index beyond the thing's own is answered at once too: the client had it from before a restore.
  bool exact = false;
  registry::Millis settle{};  // after a change, before it is rendered: a storm wakes its watchers once
};

struct Dialect {
  std::string_view name;
  // Every error: refusals of the gateway, problems of the registry. Must not throw.
  Response (*error)(const ProblemType& type, const registry::Problem& problem) = nullptr;
  // Where a token may stand beside "Authorization: Bearer"; "" = it does not. Null = nowhere else.
  std::string_view (*token)(const Request& request) = nullptr;
  // Reads (Route's ReadHandler). Null where a dialect has none.
  registry::Result<Poll> (*poll)(App& app, const Request& request) = nullptr;
  void (*stamp)(Response& response, registry::Revision index) = nullptr;  // the index that the next poll names
  // A Host that its clients send and nobody else: no reason to let others in under a name that is not [http]'s, for in
  // another network it may be anybody's. Null = none.
  std::string_view (*host)(const Options& options) = nullptr;
};

// The namespace that a dialect works in: the configured apex, else the first one; null when it is not there (yet).
[[nodiscard]] const registry::Namespace* namespace_of(const registry::Registry& registry, std::string_view configured);

// The service that a dialect's name stands for there: "ORDER_SERVICE" -> order-service.corp. Fails without a namespace
// (`configured` as [`table`] names it), or for a name that cannot be.
[[nodiscard]] registry::Result<registry::DomainName> service_in(const registry::Namespace* ns,
                                                                std::string_view configured, std::string_view table,
                                                                std::string_view name);

// The error in the shape of the dialect; null = native.
[[nodiscard]] Response error_response(const Dialect* dialect, const ProblemType& type,
                                      const registry::Problem& problem);
[[nodiscard]] Response error_response(const Dialect* dialect, const registry::Problem& problem);

}  // namespace api
