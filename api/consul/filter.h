// ?filter= of Consul's lists, in the grammar of go-bexpr:
//   expr  := and ("or" and)* ;  and := unary ("and" unary)* ;  unary := "not" unary | "(" expr ")" | match
//   match := sel ("=="|"!=") val | sel "is" ["not"] "empty" | val ["not"] "in" sel | sel ["not"] "contains" val
//          | sel ["not"] "matches" val
//   val   := "quoted" | `raw` | number | bareword ;  sel := ident ( "." ident | "[" quoted "]" )*
// A selector walks the JSON that would be answered; over a list it means any of its members.
#pragma once

#include <boost/json/object.hpp>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace re2 {
class RE2;
}

namespace api::consul {

// "not" and "(" within each other: what is deeper is no filter that a person wrote, and each level is a stack frame.
inline constexpr std::size_t kMaxFilterDepth = 32;

enum class MatchKind : std::uint8_t { equal, empty, contains, matches };

struct Match {
  MatchKind kind = MatchKind::equal;
  bool negated = false;
  std::vector<std::string> selector;
  std::string value;
  std::shared_ptr<const re2::RE2> pattern;
};

struct Expression {
  enum class Kind : std::uint8_t { any, all, none, match };  // or, and, not
  Kind kind = Kind::match;
  std::vector<Expression> parts;
  Match match;
};

class Filter {
 public:
  // The error is a sentence.
  [[nodiscard]] static std::expected<Filter, std::string> parse(std::string_view text);
  // Whether it passes; an error where the selector is not one of such objects.
  [[nodiscard]] std::expected<bool, std::string> passes(const boost::json::object& object) const;

 private:
  explicit Filter(Expression expression) : expression_(std::move(expression)) {}
  Expression expression_;
};

}  // namespace api::consul
