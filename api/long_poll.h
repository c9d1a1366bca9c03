// Every read may be a long poll (?index=&wait=): held while the thing's index is <= N, woken by the feed.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "api/app.h"
#include "api/route.h"

namespace api {

inline constexpr registry::Millis kDefaultWait{30'000};
inline constexpr registry::Millis kMaxWait{600'000};

[[nodiscard]] Answer answer_read(App& app, const Route& route, const Request& request);

// Query parameters, shared by handlers. The error names the parameter.
[[nodiscard]] registry::Result<std::optional<std::uint64_t>> number_parameter(const Request& request,
                                                                              std::string_view name);
[[nodiscard]] registry::Result<bool> flag_parameter(const Request& request, std::string_view name);
[[nodiscard]] registry::Result<std::optional<registry::Millis>> wait_parameter(const Request& request);

// Tells `hold` when the peer closes its connection.
void watch_peer(const Request& request, const std::shared_ptr<Holds::Hold>& hold);
[[nodiscard]] Response too_many_watchers(const App& app, const Dialect* dialect = nullptr);

}  // namespace api
