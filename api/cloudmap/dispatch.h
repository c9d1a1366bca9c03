#pragma once

#include "api/app.h"
#include "api/route.h"

namespace api::cloudmap {

// One request, from its signature to its answer.
boost::asio::awaitable<Response> post_root(App& app, Request& request);

}  // namespace api::cloudmap
