// Names of Cloud Map as names in DNS. Pure.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "registry/definition.h"

namespace api::cloudmap {

// An HTTP namespace promises that DNS does not know it, and people call them "example.com" as well as "payments".
// Under a name that ICANN keeps for private use (.internal) it hides no domain of anybody.
inline constexpr std::string_view kHttpSuffix = "cloudmap.internal";
[[nodiscard]] std::string http_apex(std::string_view name);

// AWS's pattern: labels of letters, digits, "_" and inner "-" with dots between; or a dot alone.
inline constexpr std::size_t kMaxServiceName = 127;
[[nodiscard]] bool is_service_name(std::string_view name);

// The label of a service: "worker" of "_worker._tcp" (DNS adds these itself), else registry::label_for_name. Two names
// of one label are one service (ServiceAlreadyExists).
[[nodiscard]] std::string service_label(std::string_view name);
[[nodiscard]] registry::Protocols service_protocols(std::string_view name);  // udp of "_worker._udp"

// The FQDN, or why it can be none.
[[nodiscard]] std::expected<registry::DomainName, std::string> service_name(std::string_view name,
                                                                            const registry::DomainName& apex);

}  // namespace api::cloudmap
