// The handlers of Eureka's API. What each does says its route (routes.cc).
#pragma once

#include "api/eureka/dialect.h"

namespace api::eureka {

using boost::asio::awaitable;

AsyncFunction post_instance, delete_instance;  // instances.cc
AsyncFunction put_metadata;
SyncFunction put_heartbeat;
AsyncFunction put_status, delete_status;                    // overrides.cc
SyncFunction get_applications, get_delta, get_application;  // reads.cc
SyncFunction get_instance, get_instance_by_id, get_vip, get_secure_vip;

}  // namespace api::eureka
