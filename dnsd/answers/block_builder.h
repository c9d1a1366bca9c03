// registry::Service -> ServiceBlock. Control thread; cost in proportion to the service.
#pragma once

#include <cstdint>

#include "dnsd/answers/block.h"
#include "registry/registry.h"

namespace dnsd::answers {

[[nodiscard]] ServiceBlockPtr build_block(const registry::Registry& registry, const registry::Service& service,
                                          const registry::Now& now);

[[nodiscard]] std::uint64_t service_seed(std::string_view folded);  // the same in every process

}  // namespace dnsd::answers
