#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>

#include "api/consul/filter.h"
#include "api/consul/filter_lexer.h"

namespace api::consul {
namespace {

constexpr std::int64_t kPatternMemory = 1 << 20;  // of a compiled pattern, and as much while it runs

class Parser {
 public:
  explicit Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  std::expected<Expression, std::string> run() {
    auto expression = any();
    if (fault_.empty() && peek().kind != TokenKind::end) refuse("\"and\", \"or\" or the end");
    if (!fault_.empty()) return std::unexpected(std::move(fault_));
    return expression;
  }

 private:
  using Kind = Expression::Kind;

  const Token& peek(std::size_t ahead = 0) const { return tokens_[std::min(next_ + ahead, tokens_.size() - 1)]; }
  bool is_word(std::string_view word, std::size_t ahead = 0) const {
    return peek(ahead).kind == TokenKind::word && peek(ahead).text == word;
  }
  bool accept(TokenKind kind) {
    if (peek().kind != kind) return false;
    ++next_;
    return true;
  }
  bool accept(std::string_view word) {
    if (!is_word(word)) return false;
    ++next_;
    return true;
  }
  void refuse(std::string_view wanted) {
    if (fault_.empty()) fault_ = fmt::format("at position {} stands no {}", peek().at, wanted);
  }

  // Parts joined by a word; one part alone is itself.
  template <class Part>
  Expression joined(Kind kind, std::string_view word, Part part) {
    Expression first = part();
    if (!is_word(word)) return first;
    Expression out;
    out.kind = kind;
    out.parts.push_back(std::move(first));
    while (fault_.empty() && accept(word)) out.parts.push_back(part());
    return out;
  }
  Expression any() {
    return joined(Kind::any, "or", [this] { return all(); });
  }
  Expression all() {
    return joined(Kind::all, "and", [this] { return unary(); });
  }

  Expression unary() {
    Expression out;
    if (++depth_ > kMaxFilterDepth) {
      if (fault_.empty()) fault_ = fmt::format("it is nested deeper than {} levels", kMaxFilterDepth);
    } else if (accept("not")) {
      out.kind = Kind::none;
      out.parts.push_back(unary());
    } else if (accept(TokenKind::open)) {
      out = any();
      if (!accept(TokenKind::close)) refuse("\")\"");
    } else {
      out.match = match();
    }
    --depth_;
    return out;
  }

  // What begins with a name may still be the bare value of an "in".
  Match match() {
    Match out;
    const bool value_first = peek().kind == TokenKind::quoted || peek().kind == TokenKind::number;
    if (value_first) {
      out.value = value();
    } else {
      out.selector = selector();
    }
    if (!fault_.empty()) return out;
    out.negated = is_word("not") && (is_word("in", 1) || is_word("contains", 1) || is_word("matches", 1));
    if (out.negated) ++next_;
    if (accept("in")) {
      out.kind = MatchKind::contains;
      if (!value_first) out.value = fmt::format("{}", fmt::join(out.selector, "."));
      out.selector = selector();
    } else if (value_first) {
      refuse("\"in\" after a value");
    } else {
      operation(out);
    }
    return out;
  }

  void operation(Match& out) {
    if (accept(TokenKind::equal)) {
      out.value = value();
    } else if (accept(TokenKind::not_equal)) {
      out.negated = true;
      out.value = value();
    } else if (accept("is")) {
      out.kind = MatchKind::empty;
      out.negated = accept("not");
      if (!accept("empty")) refuse("\"empty\"");
    } else if (accept("contains")) {
      out.kind = MatchKind::contains;
      out.value = value();
    } else if (accept("matches")) {
      out.kind = MatchKind::matches;
      out.value = value();
      compile(out);
    } else {
      refuse("comparison");
    }
  }

  std::string value() {
    const auto kind = peek().kind;
    if (kind == TokenKind::quoted || kind == TokenKind::number) return tokens_[next_++].text;
    if (kind == TokenKind::word) return fmt::format("{}", fmt::join(selector(), "."));
    refuse("value");
    return {};
  }

  std::vector<std::string> selector() {
    std::vector<std::string> out;
    if (peek().kind != TokenKind::word) {
      refuse("name");
      return out;
    }
    out.push_back(tokens_[next_++].text);
    for (;;) {
      if (accept(TokenKind::dot)) {
        if (peek().kind != TokenKind::word && peek().kind != TokenKind::number) refuse("name after the dot");
      } else if (accept(TokenKind::open_key)) {
        if (peek().kind != TokenKind::quoted) refuse("key in quotes");
      } else {
        return out;
      }
      if (!fault_.empty()) return out;
      const bool key = peek().kind == TokenKind::quoted;
      out.push_back(tokens_[next_++].text);
      if (key && !accept(TokenKind::close_key)) refuse("\"]\"");
    }
  }

  // RE2: the language of Go's patterns, and no pattern takes longer than its text is long.
  void compile(Match& out) {
    if (!fault_.empty()) return;
    re2::RE2::Options options(re2::RE2::Quiet);
    options.set_max_mem(kPatternMemory);
    auto pattern = std::make_shared<re2::RE2>(out.value, options);
    if (!pattern->ok() && fault_.empty()) fault_ = fmt::format("\"{}\" is no pattern: {}", out.value, pattern->error());
    out.pattern = std::move(pattern);
  }

  std::vector<Token> tokens_;
  std::size_t next_ = 0;
  std::size_t depth_ = 0;
  std::string fault_;  // the first one
};

}  // namespace

std::expected<Filter, std::string> Filter::parse(std::string_view text) {
  auto tokens = lex_filter(text);
  if (!tokens) return std::unexpected(std::move(tokens.error()));
  auto expression = Parser(std::move(*tokens)).run();
  if (!expression) return std::unexpected(std::move(expression.error()));
  return Filter(std::move(*expression));
}

}  // namespace api::consul
