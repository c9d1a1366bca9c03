// registry::Service -> ServiceBlock. Control thread; cost in proportion to the service.
#pragma once

#include <cstdint>

#include "dnsd/answers/block.h"
#include "registry/registry.h"

namespace dnsd::answers {

// Without ranks: for whoever sends no sticky answers from it.
[[nodiscard]] ServiceBlockPtr build_block(const registry::Registry& registry, const registry::Service& service,
                                          const registry::Now& now);
// For answers. `before`: the service's block so far, whose ranks are mended; null = none.
[[nodiscard]] ServiceBlockPtr build_ranked_block(const registry::Registry& registry, const registry::Service& service,
                                                 const registry::Now& now, const ServiceBlock* before);

[[nodiscard]] std::uint64_t service_seed(std::string_view folded);  // the same in every process

}  // namespace dnsd::answers
