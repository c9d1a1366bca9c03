#include "api/consul/filter_lexer.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace api::consul {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_inner(char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '/'; }

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  std::expected<std::vector<Token>, std::string> run() {
    std::vector<Token> tokens;
    for (;;) {
      while (at_ < text_.size() && std::string_view(" \t\r\n").contains(text_[at_])) ++at_;
      Token token;
      token.at = at_;
      if (at_ == text_.size()) {
        tokens.push_back(std::move(token));
        return tokens;
      }
      if (auto fault = read(token)) return std::unexpected(std::move(*fault));
      tokens.push_back(std::move(token));
    }
  }

 private:
  std::optional<std::string> read(Token& token) {
    const char c = text_[at_];
    if (c == '"') return read_quoted(token);
    if (c == '`') return read_raw(token);
    if (is_letter(c)) return take(token, TokenKind::word, is_inner);
    if (is_digit(c) || c == '-') return read_number(token);
    if (text_.substr(at_, 2) == "==") return sign(token, TokenKind::equal, 2);
    if (text_.substr(at_, 2) == "!=") return sign(token, TokenKind::not_equal, 2);
    switch (c) {
      case '(':
        return sign(token, TokenKind::open, 1);
      case ')':
        return sign(token, TokenKind::close, 1);
      case '[':
        return sign(token, TokenKind::open_key, 1);
      case ']':
        return sign(token, TokenKind::close_key, 1);
      case '.':
        return sign(token, TokenKind::dot, 1);
      default:
        return fmt::format("what stands at position {} is no part of a filter", at_);
    }
  }

  std::optional<std::string> sign(Token& token, TokenKind kind, std::size_t length) {
    token.kind = kind;
    at_ += length;
    return std::nullopt;
  }

  template <class Fits>
  std::optional<std::string> take(Token& token, TokenKind kind, Fits fits) {
    token.kind = kind;
    while (at_ < text_.size() && fits(text_[at_])) token.text += text_[at_++];
    return std::nullopt;
  }

  // -1, 8080, 0.5. In a selector (Ports.0.5) a dot joins, so it belongs to the number only before a digit.
  std::optional<std::string> read_number(Token& token) {
    const auto begin = at_;
    token.kind = TokenKind::number;
    if (text_[at_] == '-') token.text += text_[at_++];
    take(token, TokenKind::number, is_digit);
    if (at_ + 1 < text_.size() && text_[at_] == '.' && is_digit(text_[at_ + 1])) {
      token.text += text_[at_++];
      take(token, TokenKind::number, is_digit);
    }
    const bool ends = at_ == text_.size() || !is_inner(text_[at_]);
    if (token.text == "-" || !ends) return fmt::format("the number at position {} is none; quote it", begin);
    return std::nullopt;
  }

  // With the escapes of Go's strings that make one character; others stay as they are.
  std::optional<std::string> read_quoted(Token& token) {
    const auto begin = at_++;
    token.kind = TokenKind::quoted;
    while (at_ < text_.size() && text_[at_] != '"') {
      char c = text_[at_++];
      if (c == '\\' && at_ < text_.size()) {
        c = text_[at_++];
        if (c == 'n')
          c = '\n';
        else if (c == 't')
          c = '\t';
        else if (c == 'r')
          c = '\r';
        else if (c != '"' && c != '\\')
          token.text += '\\';
      }
      token.text += c;
    }
    if (at_ == text_.size()) return fmt::format("the quotes at position {} are never closed", begin);
    ++at_;
    return std::nullopt;
  }

  std::optional<std::string> read_raw(Token& token) {
    const auto end = text_.find('`', at_ + 1);
    if (end == std::string_view::npos) return fmt::format("the quotes at position {} are never closed", at_);
    token.kind = TokenKind::quoted;
    token.text = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    return std::nullopt;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::expected<std::vector<Token>, std::string> lex_filter(std::string_view text) {
  if (text.size() > kMaxFilter) return std::unexpected(fmt::format("it is longer than {} octets", kMaxFilter));
  return Lexer(text).run();
}

}  // namespace api::consul
