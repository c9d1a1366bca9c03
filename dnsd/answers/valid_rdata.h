// Records that no zone file reader has seen: those of another server's zone. Thread-safe: no state.
#pragma once

#include <cstdint>
#include <string_view>

namespace dnsd::answers {

// True when the uncompressed rdata has the form of its type, as ldns knows it; types it does not know have any.
[[nodiscard]] bool is_valid_rdata(std::uint16_t type, std::string_view rdata);

}  // namespace dnsd::answers
