// Internal to the validators: gathers every error of one definition.
#pragma once

#include <fmt/format.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "registry/definition.h"
#include "registry/problem.h"

namespace registry {

class Faults {
 public:
  void add(std::string pointer, std::string code, std::string message, std::string did_you_mean = {}) {
    errors_.push_back({std::move(pointer), std::move(code), std::move(message), std::move(did_you_mean)});
  }
  void require(bool good, std::string_view pointer, std::string_view code, std::string_view message) {
    if (!good) add(std::string(pointer), std::string(code), std::string(message));
  }
  void range(Millis value, Millis least, Millis most, std::string_view pointer) {
    require(value >= least && value <= most, pointer, "out_of_range",
            fmt::format("must be between {} and {}", format_duration(least), format_duration(most)));
  }
  // DNS counts TTLs in seconds.
  void seconds(Millis value, Millis least, Millis most, std::string_view pointer) {
    range(value, least, most, pointer);
    require(value.count() % 1000 == 0, pointer, "not_whole_seconds", "must be whole seconds");
  }
  void number(double value, double least, double most, std::string_view pointer) {
    require(value >= least && value <= most, pointer, "out_of_range",
            fmt::format("must be between {} and {}", least, most));
  }
  // Text that people read: valid UTF-8 without control characters.
  void text(std::string_view value, std::size_t most, std::string_view pointer);

  [[nodiscard]] std::optional<Problem> problem(std::string_view what) &&;

 private:
  std::vector<FieldError> errors_;
};

// `key` as a token of a JSON pointer (RFC 6901 section 3), under `parent`.
[[nodiscard]] std::string pointer_to(std::string_view parent, std::string_view key);

void check_meta(const std::map<std::string, std::string>& meta, Faults& faults);
void check_checks(const std::vector<CheckDef>& checks, const InstanceDef* instance, Faults& faults);

}  // namespace registry
