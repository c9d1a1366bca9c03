#include "registry/faults.h"

#include "registry/text.h"
#include "registry/validate.h"

namespace registry {

void Faults::text(std::string_view value, std::size_t most, const Path& at) {
  size(value, most, at);
  require(is_utf8(value), at, "not_utf8", "must be valid UTF-8");
  require(!has_control(value), at, "control_character", "may not hold control characters");
}

std::optional<Problem> Faults::problem(std::string_view kind, std::string_view name) && {
  if (errors_.empty()) return std::nullopt;
  std::string detail = fmt::format("{} '{}' is not valid: {} {}", kind, clip_utf8(name, kMaxName),
                                   errors_.front().pointer, errors_.front().message);
  if (errors_.size() > 1) detail += fmt::format(" (and {} more)", errors_.size() - 1);
  return Problem{ProblemKind::invalid_registration, std::move(detail), std::move(errors_), {}};
}

void check_meta(const Meta& meta, Faults& faults) {
  const Path all(kRoot, "meta");
  faults.at_most(meta.size(), kMaxMetaPairs, "pairs", all);
  for (const auto& [key, value] : meta) {
    const Path at(all, key);
    faults.require(!key.empty(), at, "empty", "a key may not be empty");
    faults.text(key, kMaxMetaKey, at);
    faults.size(value, kMaxMetaValue, at);
    faults.require(is_utf8(value), at, "not_utf8", "must be valid UTF-8");
  }
}

}  // namespace registry
