// A dynamic update (RFC 2136) as commands of the registry (MECHANISMS 13). Pure: nothing is changed here.
//
// A, AAAA, SRV and TXT at <label>.<service> are that instance, made by its first address; an A or AAAA added at
// <service> is an instance labelled from the address; everything else in a namespace is REFUSED, unless it asks to
// delete what is not there.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "dnsd/update/view_records.h"
#include "dnsd/wire/message.h"
#include "dnsd/wire/query.h"
#include "registry/registry.h"
#include "registry/transaction.h"

namespace dnsd::update {

struct Refusal {
  wire::Rcode rcode = wire::Rcode::refused;
  std::string_view why;  // static storage; goes into EDE
};

struct Plan {
  std::vector<registry::Command> commands;  // one per instance; each with the revision it was planned on
  std::optional<std::uint32_t> lease;       // seconds, as granted (RFC 9664)
};

// The namespace that an update is about, by its Zone section: NOTAUTH when it is none of ours.
[[nodiscard]] std::expected<const registry::Namespace*, Refusal> find_space(const registry::Registry& registry,
                                                                            const wire::Message& message);
// RFC 2136 3.2, against the transfer view.
[[nodiscard]] std::optional<Refusal> check_prerequisites(const wire::Message& message, ViewRecords& view);
// RFC 2136 3.4.1 (the prescan) and 3.4.2.
[[nodiscard]] std::expected<Plan, Refusal> plan(const registry::Registry& registry, const registry::Namespace& space,
                                                ViewRecords& view, const wire::Message& message);

// ip-10-0-0-1, ip-fd000000000000000000000000000009: the instance that an address added at a service's name becomes.
[[nodiscard]] std::string label_of(const registry::Ipv4& address);
[[nodiscard]] std::string label_of(const registry::Ipv6& address);

// "k=v" of a TXT record's strings put together (RFC 1464); nothing when it is no pair.
[[nodiscard]] std::optional<std::pair<std::string, std::string>> pair_of(std::string_view txt_rdata);

}  // namespace dnsd::update
