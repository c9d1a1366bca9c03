// The door into the registry: every definition passes here, whoever sends it (API, configuration file, dialect,
// store). All errors at once, each with a JSON pointer into the definition's canonical JSON (HTTP.md).
//
// What depends on other facts (conflicts of names, loops of aliases, limits) is the Transaction's to judge.
#pragma once

#include "registry/definition.h"
#include "registry/problem.h"

namespace registry {

// Bounds of one definition (docs/limits.md).
inline constexpr std::size_t kMaxId = 255;
inline constexpr std::size_t kMaxNode = 253;
inline constexpr std::size_t kMaxTags = 64;
inline constexpr std::size_t kMaxTag = 255;
inline constexpr std::size_t kMaxMetaPairs = 64;
inline constexpr std::size_t kMaxMetaKey = 255;  // as AWS Cloud Map's attributes
inline constexpr std::size_t kMaxMetaValue = 1024;
inline constexpr std::size_t kMaxPorts = 64;
inline constexpr std::size_t kMaxAlpn = 16;
inline constexpr std::size_t kMaxChecks = 16;
inline constexpr std::size_t kMaxHeaders = 32;
inline constexpr std::size_t kMaxCheckText = 2048;   // a path, a header's value, an expected body
inline constexpr std::size_t kMaxExpectations = 16;  // JSON pointers of one check
inline constexpr std::size_t kMaxArguments = 64;     // of an exec check, its program counted
// Octets kept for other interfaces. AWS Cloud Map's 50 tags of 128 and 256 characters with a description are 20 KB; a
// body has 64 KiB.
inline constexpr std::size_t kMaxForeign = 32 << 10;
// Its levels of objects and arrays. Cloud Map's tags need four; a row of the store, where it stands two levels below,
// has 32 as every JSON text, and one that cannot be read is a server that does not start.
inline constexpr std::size_t kMaxForeignDepth = 16;
// Of a check: as long a probe that hangs holds one of the places of all probes. What takes a minute is not up, for
// anybody who asks DNS.
inline constexpr Millis kMaxTimeout{60'000};
inline constexpr std::size_t kMaxNamespaceAliases = 16;
// Made by their first service (Kubernetes' layout). Each costs its zone, some 4 KiB; a cluster has dozens.
inline constexpr std::size_t kMaxOnDemand = 1000;
inline constexpr std::size_t kMaxTtlRules = 256;
inline constexpr std::size_t kMaxNameServers = 13;  // what fits one 512-octet answer, as the root's thirteen
inline constexpr std::size_t kMaxGlob = 255;
inline constexpr std::size_t kMaxRemark = 256;  // reason and author of an override
// Nothing is to expire later: a deadline beyond it would not fit the clocks' nanoseconds (they end in 2262).
inline constexpr Wall kLatestExpiry{std::chrono::sys_days{std::chrono::year{2200} / 1 / 1}};
// A label that also appears with an underscore before it: _worker._tcp, _metrics._tcp.worker.
inline constexpr std::size_t kMaxUnderscored = kMaxLabel - 1;
// The longest name below an apex is label._service._tcp (63 + 1 + 63 + 1 + 4 + 1); with this apex it is 253 octets,
// so every name of every registration can be encoded.
inline constexpr std::size_t kMaxApex = 120;

// Each returns the problem, or nothing when the definition is valid. An instance of the native API has id == label;
// a bad label is then reported as a bad id.
[[nodiscard]] std::optional<Problem> validate(const InstanceDef& def, const DomainName& service);
[[nodiscard]] std::optional<Problem> validate(const ServicePolicy& policy, const DomainName& service);
[[nodiscard]] std::optional<Problem> validate(const NamespaceDef& def);
[[nodiscard]] std::optional<Problem> validate(const OverrideDef& def);
// Whether an exec check may run its program: a path without "." and ".." segments that `allowed` names, or that lies
// at or below a folder that `allowed` names with a slash at its end.
[[nodiscard]] bool may_run(const std::vector<std::string>& allowed, const std::vector<std::string>& command);
// A label that may stand for the datacenter in Consul's layout: not one that stands for something else there.
[[nodiscard]] bool is_datacenter_label(std::string_view label);
// Exactly one label below the apex, and that label not reserved.
[[nodiscard]] std::optional<Problem> validate_service_name(const DomainName& name, const DomainName& apex);

}  // namespace registry
