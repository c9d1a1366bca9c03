// Reading the members of a JSON object by a table: strict, all errors at once, each with its JSON pointer.
// Internal to the codec. Null means absent everywhere, so that the document of a GET can be sent back.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "registry/codec/codec.h"
#include "registry/path.h"

namespace registry::codec {

class Errors {
 public:
  void add(const Path& where, std::string_view code, std::string message, std::string_view did_you_mean = {});
  // What stands at or below this element was not understood: validation has nothing to say about it.
  void mistrust(const Path& where) { mistrusted_.push_back(where.text()); }
  // Adds what validation found, but not where the reading has failed already.
  void merge(std::optional<Problem> validation);
  [[nodiscard]] bool empty() const { return errors_.empty() && !other_; }
  [[nodiscard]] std::size_t size() const { return errors_.size(); }
  [[nodiscard]] Problem problem() &&;

 private:
  std::vector<FieldError> errors_;
  std::vector<std::string> mistrusted_;
  std::optional<Problem> other_;  // a validation problem without fields (a conflict, say)
};

template <class T>
using Reader = void (*)(T&, const json::value&, const Path&, Errors&);

template <class T>
struct Field {
  std::string_view name;
  Reader<T> read = nullptr;  // null: a read-only member of a GET, ignored
};

void unknown_field(std::string_view name, const Path& where, Errors& errors, std::span<const std::string_view> known);

// False when `value` is not an object.
template <class T, std::size_t N>
bool read_object(const json::value& value, const Path& path, Errors& errors, T& target, const Field<T> (&table)[N]) {
  const json::object* object = value.if_object();
  if (!object) {
    errors.add(path, "wrong_type", "must be an object");
    return false;
  }
  for (const auto& member : *object) {
    const std::string_view name(member.key().data(), member.key().size());
    const Field<T>* field = nullptr;
    for (const Field<T>& candidate : table) {
      if (candidate.name == name) field = &candidate;
    }
    const Path here(path, name);
    if (!field) {
      std::string_view known[N];
      for (std::size_t i = 0; i < N; ++i) known[i] = table[i].name;
      unknown_field(name, here, errors, known);
    } else if (field->read && !member.value().is_null()) {
      field->read(target, member.value(), here, errors);
    }
  }
  return true;
}

[[nodiscard]] std::optional<std::int64_t> read_integer(const json::value& value, const Path& path, Errors& errors,
                                                       std::int64_t low, std::int64_t high);
template <std::integral T>
void read_number(T& target, const json::value& value, const Path& path, Errors& errors,
                 std::int64_t low = std::numeric_limits<T>::min(), std::int64_t high = std::numeric_limits<T>::max()) {
  if (const auto number = read_integer(value, path, errors, low, high)) target = static_cast<T>(*number);
}
[[nodiscard]] std::optional<double> read_real(const json::value& value, const Path& path, Errors& errors);
[[nodiscard]] std::optional<std::string_view> read_text(const json::value& value, const Path& path, Errors& errors);
[[nodiscard]] std::optional<Millis> read_duration(const json::value& value, const Path& path, Errors& errors);
void read_string(std::string& target, const json::value& value, const Path& path, Errors& errors);
void read_string(RareText& target, const json::value& value, const Path& path, Errors& errors);
void read_bool(bool& target, const json::value& value, const Path& path, Errors& errors);
void read_strings(std::vector<std::string>& target, const json::value& value, const Path& path, Errors& errors);
void read_string_map(FlatMap<std::string>& target, const json::value& value, const Path& path, Errors& errors);
// What other interfaces keep with a definition: an object by their names, as its text.
void read_foreign(RareText& target, const json::value& value, const Path& path, Errors& errors);
void write_foreign(json::object& out, const RareText& foreign);

// One of a closed set of words.
template <class E>
struct Word {
  std::string_view text;
  E value;
};
[[nodiscard]] std::string one_of(std::span<const std::string_view> words);  // "must be one of a, b, c"

template <class E, std::size_t N>
void read_word(E& target, const json::value& value, const Path& path, Errors& errors, const Word<E> (&words)[N]) {
  const auto text = read_text(value, path, errors);
  if (!text) return;
  std::string_view known[N];
  for (std::size_t i = 0; i < N; ++i) {
    known[i] = words[i].text;
    if (words[i].text == *text) {
      target = words[i].value;
      return;
    }
  }
  errors.add(path, "invalid_value", one_of(known), did_you_mean(*text, known));
}

template <class E, std::size_t N>
[[nodiscard]] std::string_view word_of(E value, const Word<E> (&words)[N]) {
  for (const Word<E>& word : words) {
    if (word.value == value) return word.text;
  }
  return words[0].text;
}

}  // namespace registry::codec
