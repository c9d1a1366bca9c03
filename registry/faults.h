// Internal to the validators: gathers every error of one definition. Pointers and messages become text only for what
// is wrong: every registration passes here, and nearly all of them are right.
#pragma once

#include <fmt/format.h>

#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "registry/definition.h"
#include "registry/path.h"
#include "registry/problem.h"

namespace registry {

class Faults {
 public:
  void add(const Path& at, std::string_view code, std::string message) {
    errors_.push_back({at.text(), std::string(code), std::move(message), {}});
  }
  void require(bool good, const Path& at, std::string_view code, std::string_view message) {
    if (!good) add(at, code, std::string(message));
  }
  template <std::invocable Message>
  void require(bool good, const Path& at, std::string_view code, Message&& message) {
    if (!good) add(at, code, message());
  }
  void at_most(std::size_t count, std::size_t most, std::string_view what, const Path& at) {
    require(count <= most, at, "too_many", [&] { return fmt::format("must be at most {} {}", most, what); });
  }
  void range(Millis value, Millis least, Millis most, const Path& at) {
    require(value >= least && value <= most, at, "out_of_range",
            [&] { return fmt::format("must be between {} and {}", format_duration(least), format_duration(most)); });
  }
  // DNS counts TTLs in seconds.
  void seconds(Millis value, Millis least, Millis most, const Path& at) {
    range(value, least, most, at);
    require(value.count() % 1000 == 0, at, "not_whole_seconds", "must be whole seconds");
  }
  void number(double value, double least, double most, const Path& at) {
    require(value >= least && value <= most, at, "out_of_range",
            [&] { return fmt::format("must be between {} and {}", least, most); });
  }
  void size(std::string_view value, std::size_t most, const Path& at) {
    require(value.size() <= most, at, "too_long", [&] { return fmt::format("must be at most {} octets", most); });
  }
  // Text that people read: valid UTF-8 without control characters.
  void text(std::string_view value, std::size_t most, const Path& at);

  // What is wrong with a `kind` of this name, if anything.
  [[nodiscard]] std::optional<Problem> problem(std::string_view kind, std::string_view name) &&;

 private:
  std::vector<FieldError> errors_;
};

void check_meta(const Meta& meta, Faults& faults);
void check_checks(const std::vector<CheckDef>& checks, const InstanceDef* instance, Faults& faults);

}  // namespace registry
