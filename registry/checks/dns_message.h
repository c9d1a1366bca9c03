// The question of a DNS check and its reply, as octets. Pure; fuzzed.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "registry/check.h"
#include "registry/health.h"

namespace registry::checks {

// One question, recursion desired, with an EDNS size of 1232 (RFC 6891). The error says why the name cannot be asked.
[[nodiscard]] std::expected<std::string, std::string> dns_query(const DnsProbe& def, std::uint16_t id);

// Whether `reply` belongs to `query`: id, QR, and the question echoed (RFC 5452 4), which only an error may leave out.
// What does not is not looked at.
[[nodiscard]] bool answers_query(std::string_view query, std::string_view reply);
[[nodiscard]] bool is_truncated(std::string_view reply);  // of one that answers

// What a reply that answers the query means for the check.
[[nodiscard]] ProbeResult judge_dns(const DnsProbe& def, std::string_view query, std::string_view reply);

}  // namespace registry::checks
