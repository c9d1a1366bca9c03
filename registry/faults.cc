#include "registry/faults.h"

#include "registry/text.h"
#include "registry/validate.h"

namespace registry {

void Faults::text(std::string_view value, std::size_t most, std::string_view pointer) {
  require(value.size() <= most, pointer, "too_long", fmt::format("must be at most {} octets", most));
  require(is_utf8(value), pointer, "not_utf8", "must be valid UTF-8");
  require(!has_control(value), pointer, "control_character", "may not hold control characters");
}

std::optional<Problem> Faults::problem(std::string_view what) && {
  if (errors_.empty()) return std::nullopt;
  std::string detail = fmt::format("{} is not valid: {} {}", what, errors_.front().pointer, errors_.front().message);
  if (errors_.size() > 1) detail += fmt::format(" (and {} more)", errors_.size() - 1);
  return Problem{ProblemKind::invalid_registration, std::move(detail), std::move(errors_), {}};
}

std::string pointer_to(std::string_view parent, std::string_view key) {
  std::string out(parent);
  out += '/';
  for (const char c : key) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

void check_meta(const std::map<std::string, std::string>& meta, Faults& faults) {
  faults.require(meta.size() <= kMaxMetaPairs, "#/meta", "too_many",
                 fmt::format("must hold at most {} pairs", kMaxMetaPairs));
  for (const auto& [key, value] : meta) {
    const std::string pointer = pointer_to("#/meta", key);
    faults.require(!key.empty(), pointer, "empty", "a key may not be empty");
    faults.text(key, kMaxMetaKey, pointer);
    faults.require(value.size() <= kMaxMetaValue, pointer, "too_long",
                   fmt::format("must be at most {} octets", kMaxMetaValue));
    faults.require(is_utf8(value), pointer, "not_utf8", "must be valid UTF-8");
  }
}

}  // namespace registry
