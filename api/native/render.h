// Things of the registry as the JSON of HTTP.md: the written members by the codec, and what only a read shows.
#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "api/app.h"

namespace api::native {

[[nodiscard]] boost::json::object namespace_json(const App& app, const registry::Namespace& ns);
[[nodiscard]] boost::json::object service_json(const registry::Service& service);
[[nodiscard]] boost::json::object instance_json(const App& app, const registry::Service& service,
                                                const registry::Instance& instance);
[[nodiscard]] boost::json::object override_json(const registry::Override& rule);

// "27s": whole seconds, rounded up, so that only what is over shows as "0s".
[[nodiscard]] std::string format_left(registry::Mono until, registry::Mono now);
[[nodiscard]] std::string instance_path(const registry::DomainName& service, std::string_view id);

}  // namespace api::native
