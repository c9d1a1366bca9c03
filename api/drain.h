// Drain: out of new answers at once, and a measured time after which no copy of an old answer lives.
//
// safe_after = (time of the last answer of the service, read once no worker can use the replaced block any more)
//            + TTL + min_ttl. Whoever got an SRV record at that time may ask for its target until the record ends; from
//            the drain on the direct name's TTL ends at safe_after, or is min_ttl.
//
// The process before this one may have handed out an instance until the moment it ended, and in a DNS-SD list, after
// which there is one step more: not before start + TTL + 2 x min_ttl. Its TTL is taken to be today's.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>

#include "api/app.h"

namespace api {

// Takes the instance out of the answers and writes down when it is safe. Nothing = done. Repeated, the first clock
// stands.
[[nodiscard]] boost::asio::awaitable<std::optional<registry::Problem>> start_drain(App& app,
                                                                                   registry::DomainName service,
                                                                                   std::string id);
// The second half alone, of a drain that another transaction began.
[[nodiscard]] boost::asio::awaitable<std::optional<registry::Problem>> measure_drain(App& app,
                                                                                     registry::DomainName service,
                                                                                     std::string id);

}  // namespace api
