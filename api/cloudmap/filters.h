// Filters of lists: [{"Name":"TYPE","Values":["HTTP"],"Condition":"EQ"}]. All must pass.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/cloudmap/reader.h"

namespace api::cloudmap {

class Filters {
 public:
  // Other names than `known` are a fault.
  static Filters read(const Reader& in, std::span<const std::string_view> known);
  // True when no filter of that name refuses the text.
  [[nodiscard]] bool pass(std::string_view name, std::string_view text) const;
  [[nodiscard]] bool pass_time(std::string_view name, double seconds) const;  // BETWEEN two numbers
  // The one value that this name may have; nothing when it may have several.
  [[nodiscard]] std::optional<std::string_view> only(std::string_view name) const;

 private:
  enum class Condition : std::uint8_t { eq, in, between, begins_with };
  struct Filter {
    std::string name;
    std::vector<std::string> values;
    Condition condition = Condition::eq;
  };
  std::vector<Filter> filters_;
};

}  // namespace api::cloudmap
