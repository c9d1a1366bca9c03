// From an instance's attributes to its definition: what DNS answers of it, and what is only given back.
#pragma once

#include "api/cloudmap/notes.h"

namespace api::cloudmap {

inline constexpr std::size_t kMaxInstanceId = 64;  // AWS's own limits
inline constexpr std::size_t kMaxAttributeKey = 255;
inline constexpr std::size_t kMaxAttributeValue = 1024;
inline constexpr std::size_t kMaxCustomAttributes = 30;
inline constexpr std::size_t kMaxAttributesSize = 5'000;  // of all keys and values: a thousand of them are one answer

[[nodiscard]] bool is_instance_id(std::string_view id);

// AWS_INSTANCE_* become addresses, port and host where the service has records for them; other AWS_* attributes are
// kept for this dialect, custom ones are meta (TXT records). An instance without any of these is the API's alone. What
// others made lists no records: there nothing is required, and every address is answered.
[[nodiscard]] Out<registry::InstanceDef> read_instance(const std::string& id, registry::Meta attributes,
                                                       const ServiceNotes& service);

}  // namespace api::cloudmap
