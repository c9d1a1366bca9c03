// Telling the service manager how we are: sd_notify(3)'s datagram protocol, twenty lines instead of libsystemd.
#pragma once

#include <string_view>

namespace dnsd {

// Sends `state` ("READY=1", "RELOADING=1\nMONOTONIC_USEC=...", "STOPPING=1") to $NOTIFY_SOCKET; nothing without it.
// Errors are ignored: the manager's absence must not stop the daemon. Main thread.
void notify_service_manager(std::string_view state) noexcept;

}  // namespace dnsd
