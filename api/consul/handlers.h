// The handlers of Consul's API, one file per resource. What each does says its route (routes.cc).
#pragma once

#include "api/consul/dialect.h"

namespace api::consul {

using boost::asio::awaitable;

SyncFunction absent;  // absent.cc: what Consul has and we have not

}  // namespace api::consul
