// How many descriptors the process may open.
#pragma once

#include <cstddef>

namespace dnsd {

// Raises the soft limit to the hard one: shells start programs with 1,024, and select(2), for whose sake that is so, is
// not used here. Returns the limit that holds now. Before any thread exists.
std::size_t raise_descriptor_limit() noexcept;

}  // namespace dnsd
