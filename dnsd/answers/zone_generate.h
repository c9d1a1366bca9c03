// $GENERATE start-stop[/step] owner [ttl] [class] type rdata, as BIND defines it: `$` is the counter, `\$` and `$$` a
// dollar sign, `${offset[,width[,base]]}` a formatted counter with base d, o, x, X, n or N (nibbles, least first).
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace dnsd::answers {

inline constexpr std::uint32_t kMaxGenerated = 65'536;  // records of one line: a /16

struct GenerateRange {
  std::uint32_t first = 0, last = 0, step = 1;
  [[nodiscard]] std::uint64_t count() const { return (std::uint64_t{last} - first) / step + 1; }
};

[[nodiscard]] std::expected<GenerateRange, std::string> parse_generate_range(std::string_view text);
[[nodiscard]] std::expected<std::string, std::string> generate(std::string_view pattern, std::uint32_t counter);

}  // namespace dnsd::answers
