// registry::Service -> ServiceBlock. Control thread; cost in proportion to the service.
#pragma once

#include <cstdint>

#include "dnsd/answers/block.h"
#include "registry/registry.h"

namespace dnsd::answers {

[[nodiscard]] ServiceBlockPtr build_block(const registry::Registry& registry, const registry::Service& service,
                                          const registry::Now& now);

// The tick at which an answer of the service may first become wrong: the earliest flip of a check, end of a lease or
// of a resolved host name.
[[nodiscard]] std::uint32_t horizon_of(const registry::Service& service);

[[nodiscard]] std::uint64_t service_seed(std::string_view folded);  // the same in every process

}  // namespace dnsd::answers
