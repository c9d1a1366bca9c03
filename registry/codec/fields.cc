#include "registry/codec/fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cmath>
#include <utility>

namespace registry::codec {
namespace {

constexpr std::size_t kMaxErrors = 64;  // more help nobody, and bound the answer to a hostile body

bool at_or_below(std::string_view pointer, std::string_view root) {
  return pointer.starts_with(root) && (pointer.size() == root.size() || pointer[root.size()] == '/');
}

// Optimal string alignment: a swap of neighbours is one edit. Rows of at most 24 columns; longer words are no typos.
constexpr std::size_t kLongestWord = 23;
std::size_t distance(std::string_view a, std::string_view b) {
  std::array<std::array<std::size_t, kLongestWord + 1>, kLongestWord + 1> d{};
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replace = d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, replace});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

}  // namespace

std::string_view did_you_mean(std::string_view word, std::span<const std::string_view> known) {
  if (word.empty() || word.size() > kLongestWord) return {};
  std::string_view best;
  std::size_t closest = 3;
  for (const std::string_view candidate : known) {
    if (candidate.size() > kLongestWord) continue;
    const std::size_t edits = distance(fold(word), candidate);
    // A word of three letters is two edits away from too many others.
    if (edits < closest && edits * 2 <= candidate.size()) {
      closest = edits;
      best = candidate;
    }
  }
  return best;
}

void Errors::add(const Path& where, std::string_view code, std::string message, std::string_view did_you_mean) {
  if (errors_.size() >= kMaxErrors) return;
  errors_.push_back({where.text(), std::string(code), std::move(message), std::string(did_you_mean)});
}

void Errors::merge(std::optional<Problem> validation) {
  if (!validation) return;
  if (validation->errors.empty()) {
    if (errors_.empty()) other_ = std::move(validation);
    return;
  }
  const std::size_t read = errors_.size();
  for (FieldError& error : validation->errors) {
    const auto known = [&](const FieldError& e) {
      return at_or_below(error.pointer, e.pointer) || at_or_below(e.pointer, error.pointer);
    };
    const auto below = [&](const std::string& root) { return at_or_below(error.pointer, root); };
    const auto end = errors_.begin() + static_cast<std::ptrdiff_t>(read);
    if (std::any_of(errors_.begin(), end, known) || std::any_of(mistrusted_.begin(), mistrusted_.end(), below))
      continue;
    if (errors_.size() < kMaxErrors) errors_.push_back(std::move(error));
  }
}

Problem Errors::problem() && {
  if (other_) return *std::move(other_);
  Problem problem;
  problem.kind = ProblemKind::invalid_registration;
  const FieldError& first = errors_.front();
  const std::string what = fmt::format("{}: {}", first.pointer, first.message);
  problem.detail = errors_.size() == 1 ? what : fmt::format("{} errors, the first at {}", errors_.size(), what);
  problem.errors = std::move(errors_);
  return problem;
}

void unknown_field(std::string_view name, const Path& where, Errors& errors, std::span<const std::string_view> known) {
  const std::string_view close = did_you_mean(name, known);
  errors.add(
      where, "unknown_field",
      close.empty() ? "there is no such field" : fmt::format("there is no such field; did you mean \"{}\"?", close),
      close);
}

std::string one_of(std::span<const std::string_view> words) {
  return fmt::format("must be one of {}", fmt::join(words, ", "));
}

std::optional<std::int64_t> read_integer(const json::value& value, const Path& path, Errors& errors, std::int64_t low,
                                         std::int64_t high) {
  if (!value.is_int64() && !value.is_uint64()) {
    errors.add(path, "wrong_type", "must be a whole number");
    return std::nullopt;
  }
  // Parsed numbers are signed where they fit; those of a document that we built may be unsigned.
  const std::uint64_t* big = value.if_uint64();
  constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
  if (!big || *big <= kMost) {
    const std::int64_t number = big ? static_cast<std::int64_t>(*big) : value.get_int64();
    if (number >= low && number <= high) return number;
  }
  errors.add(path, "out_of_range", fmt::format("must be {} to {}", low, high));
  return std::nullopt;
}

std::optional<double> read_real(const json::value& value, const Path& path, Errors& errors) {
  if (!value.is_number()) {
    errors.add(path, "wrong_type", "must be a number");
    return std::nullopt;
  }
  const double number = value.to_number<double>();
  if (std::isfinite(number)) return number;
  errors.add(path, "out_of_range", "the number is too large");
  return std::nullopt;
}

std::optional<std::string_view> read_text(const json::value& value, const Path& path, Errors& errors) {
  if (const json::string* text = value.if_string()) return std::string_view(text->data(), text->size());
  errors.add(path, "wrong_type", "must be a string");
  return std::nullopt;
}

std::optional<Millis> read_duration(const json::value& value, const Path& path, Errors& errors) {
  constexpr const char* kGrammar = "must be a duration such as \"500ms\", \"5s\" or \"10m\"";
  const json::string* text = value.if_string();
  const auto duration = text ? parse_duration({text->data(), text->size()}) : std::nullopt;
  if (!duration) errors.add(path, text ? "invalid_value" : "wrong_type", kGrammar);
  return duration;
}

void read_string(std::string& target, const json::value& value, const Path& path, Errors& errors) {
  if (const auto text = read_text(value, path, errors)) target = *text;
}

void read_string(RareText& target, const json::value& value, const Path& path, Errors& errors) {
  if (const auto text = read_text(value, path, errors)) target = *text;
}

void read_foreign(RareText& target, const json::value& value, const Path& path, Errors& errors) {
  if (!value.is_object()) {
    errors.add(path, "wrong_type", "must be an object by the names of the interfaces");
    return;
  }
  target = value.get_object().empty() ? std::string() : json::serialize(value);
}

void write_foreign(json::object& out, const RareText& foreign) {
  if (foreign.empty()) return;
  json::error_code malformed;  // only serialize() writes these
  out["foreign"] = json::parse(foreign.view(), malformed);
}

void read_bool(bool& target, const json::value& value, const Path& path, Errors& errors) {
  if (const bool* truth = value.if_bool()) {
    target = *truth;
  } else {
    errors.add(path, "wrong_type", "must be true or false");
  }
}

void read_strings(std::vector<std::string>& target, const json::value& value, const Path& path, Errors& errors) {
  const json::array* list = value.if_array();
  if (!list) {
    errors.add(path, "wrong_type", "must be a list of strings");
    return;
  }
  target.clear();
  target.reserve(list->size());
  for (std::size_t i = 0; i < list->size(); ++i) {
    read_string(target.emplace_back(), (*list)[i], Path(path, i), errors);
  }
}

void read_string_map(FlatMap<std::string>& target, const json::value& value, const Path& path, Errors& errors) {
  const json::object* object = value.if_object();
  if (!object) {
    errors.add(path, "wrong_type", "must be an object of strings");
    return;
  }
  target.clear();
  for (const auto& member : *object) {
    const std::string_view name(member.key().data(), member.key().size());
    read_string(target[name], member.value(), Path(path, name), errors);
  }
}

}  // namespace registry::codec
