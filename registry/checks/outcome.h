// From what the system and the libraries say to what the state machine is told: ok, warn, failed, or unknown when the
// fault is our own and says nothing about the target.
#pragma once

#include <boost/system/error_code.hpp>
#include <string>
#include <string_view>

#include "registry/health.h"

namespace registry::checks {

// At most kMaxOutput octets (registry/health.h) of valid UTF-8 on one line: control characters become spaces, bad
// octets '?'.
[[nodiscard]] std::string clean_text(std::string_view text);

[[nodiscard]] ProbeResult passed(std::string_view output);
[[nodiscard]] ProbeResult warned(std::string_view output);
[[nodiscard]] ProbeResult failed(Fault fault, std::string_view output);
[[nodiscard]] ProbeResult not_known(std::string_view output);  // Verdict::unknown, Fault::local
[[nodiscard]] ProbeResult not_probed(std::string_view why);    // failed: the definition asks for what is refused

// Faults of this machine whenever they occur: no descriptors, memory, buffers, local ports or address family; and,
// with `at_once` (the system call itself refused, no packet was sent), no route or a local firewall.
[[nodiscard]] bool is_local(const boost::system::error_code& error, bool at_once);

// What the network said while connecting, writing or reading.
[[nodiscard]] ProbeResult from_error(const boost::system::error_code& error, bool at_once);

}  // namespace registry::checks
