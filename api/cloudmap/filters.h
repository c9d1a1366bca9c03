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
  // What a name takes beside EQ and IN: BEGINS_WITH, or BETWEEN alone, which is two dates.
  enum class Also : std::uint8_t { nothing, prefix, range };
  struct Known {
    std::string_view name;
    Also also = Also::nothing;
  };
  // Other names than `known` are a fault.
  static Filters read(const Reader& in, std::span<const Known> known);
  // True when no filter of that name refuses the text.
  [[nodiscard]] bool pass(std::string_view name, std::string_view text) const;
  [[nodiscard]] bool pass_time(std::string_view name, double seconds) const;  // BETWEEN two numbers
  // The values that this name may have, of those that take no prefix; nothing when no filter names it.
  [[nodiscard]] std::optional<std::vector<std::string>> values(std::string_view name) const;

 private:
  enum class Condition : std::uint8_t { eq, in, between, begins_with };
  struct Filter {
    std::string name;
    std::vector<std::string> values;
    Condition condition = Condition::eq;
    double from = 0, to = 0;  // of BETWEEN
  };
  static void check(const Reader& in, Also also, Filter& filter);
  std::vector<Filter> filters_;
};

}  // namespace api::cloudmap
