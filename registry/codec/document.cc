// Text -> JSON value. Boost.JSON keeps the last of two equal keys; we refuse them, since two readers of one body must
// not see different registrations. So its SAX parser is driven with a handler of our own that watches the keys.
#include <fmt/format.h>

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/value_stack.hpp>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "registry/codec/codec.h"

namespace registry::codec {
namespace {

constexpr std::size_t kMaxDepth = 32;  // the deepest document of HTTP.md has 9 levels (an atomic batch with checks)

// The keys of the objects that are open, back to back in one buffer: no allocation per key or object.
class Keys {
 public:
  void open() { objects_.push_back({spans_.size(), text_.size()}); }
  void part(json::string_view text) { text_.append(text.data(), text.size()); }
  void end(json::string_view text) {
    part(text);
    spans_.push_back({start_of_next(), text_.size()});
  }
  // Closes the innermost object; the key that it has twice, or "".
  std::string close() {
    const Object object = objects_.back();
    objects_.pop_back();
    std::string twice = find_twice(object.first_span);
    spans_.resize(object.first_span);
    text_.resize(object.text_start);
    return twice;
  }

 private:
  struct Object {
    std::size_t first_span, text_start;
  };
  struct Span {
    std::size_t begin, end;
  };
  // A key begins where the previous one ended: inner objects have given their text back by then.
  [[nodiscard]] std::size_t start_of_next() const {
    const Object& object = objects_.back();
    return spans_.size() > object.first_span ? spans_.back().end : object.text_start;
  }
  [[nodiscard]] std::string_view view(const Span& span) const {
    return std::string_view(text_).substr(span.begin, span.end - span.begin);
  }
  std::string find_twice(std::size_t first) {
    const auto begin = spans_.begin() + static_cast<std::ptrdiff_t>(first);
    std::sort(begin, spans_.end(), [&](const Span& a, const Span& b) { return view(a) < view(b); });
    const auto twice =
        std::adjacent_find(begin, spans_.end(), [&](const Span& a, const Span& b) { return view(a) == view(b); });
    return twice == spans_.end() ? std::string() : fmt::format("the key \"{}\" appears twice", view(*twice));
  }

  std::string text_;
  std::vector<Span> spans_;
  std::vector<Object> objects_;
};

struct Handler {
  static constexpr std::size_t max_object_size = json::object::max_size();
  static constexpr std::size_t max_array_size = json::array::max_size();
  static constexpr std::size_t max_key_size = json::string::max_size();
  static constexpr std::size_t max_string_size = json::string::max_size();

  json::value_stack stack;
  Keys keys;
  std::string duplicate;

  using Ec = json::error_code;
  using Text = json::string_view;

  bool on_document_begin(Ec&) { return true; }
  bool on_document_end(Ec&) { return true; }
  bool on_object_begin(Ec&) {
    keys.open();
    return true;
  }
  bool on_object_end(std::size_t count, Ec& ec) {
    duplicate = keys.close();
    if (!duplicate.empty()) {
      ec = json::error::exception;
      return false;
    }
    stack.push_object(count);
    return true;
  }
  bool on_array_begin(Ec&) { return true; }
  bool on_array_end(std::size_t count, Ec&) {
    stack.push_array(count);
    return true;
  }
  bool on_key_part(Text text, std::size_t, Ec&) {
    keys.part(text);
    stack.push_chars(text);
    return true;
  }
  bool on_key(Text text, std::size_t, Ec&) {
    keys.end(text);
    stack.push_key(text);
    return true;
  }
  bool on_string_part(Text text, std::size_t, Ec&) {
    stack.push_chars(text);
    return true;
  }
  bool on_string(Text text, std::size_t, Ec&) {
    stack.push_string(text);
    return true;
  }
  bool on_number_part(Text, Ec&) { return true; }
  bool on_int64(std::int64_t number, Text, Ec&) {
    stack.push_int64(number);
    return true;
  }
  bool on_uint64(std::uint64_t number, Text, Ec&) {
    stack.push_uint64(number);
    return true;
  }
  bool on_double(double number, Text, Ec&) {
    stack.push_double(number);
    return true;
  }
  bool on_bool(bool value, Ec&) {
    stack.push_bool(value);
    return true;
  }
  bool on_null(Ec&) {
    stack.push_null();
    return true;
  }
  bool on_comment_part(Text, Ec&) { return true; }
  bool on_comment(Text, Ec&) { return true; }
};

std::string position(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const std::size_t start = before.rfind('\n');
  const std::size_t column = start == std::string_view::npos ? offset + 1 : offset - start;
  return fmt::format("line {}, column {}", line, column);
}

std::string describe(const json::error_code& ec) {
  if (ec == json::error::incomplete) return "the document ends too early";
  if (ec == json::error::extra_data) return "there is text after the document";
  if (ec == json::error::too_deep) return fmt::format("nested deeper than {} levels", kMaxDepth);
  if (ec == json::error::exponent_overflow) return "a number is too large";
  return ec.message();
}

}  // namespace

Result<json::value> parse_document(std::string_view text) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    return fail(ProblemKind::bad_request, "the body is empty; JSON is expected");
  }
  json::parse_options options;
  options.max_depth = kMaxDepth;
  json::basic_parser<Handler> parser(options);
  Handler& handler = parser.handler();
  // One arena per document: 1,000 registrations are some 40,000 small values that live and die together.
  handler.stack.reset(json::make_shared_resource<json::monotonic_resource>(text.size() + 1024));
  json::error_code ec;
  std::size_t read = parser.write_some(false, text.data(), text.size(), ec);
  if (!ec && read < text.size()) ec = json::error::extra_data;
  if (!ec) return handler.stack.release();
  const std::string& what = handler.duplicate.empty() ? describe(ec) : handler.duplicate;
  return fail(ProblemKind::bad_request, fmt::format("not valid JSON at {}: {}", position(text, read), what));
}

}  // namespace registry::codec
