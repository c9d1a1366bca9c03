// The words of a filter (?filter=, the grammar of go-bexpr).
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace api::consul {

inline constexpr std::size_t kMaxFilter = 4096;  // octets; a header line is not much longer

enum class TokenKind : std::uint8_t {
  word,
  quoted,
  number,
  equal,
  not_equal,
  open,
  close,
  dot,
  open_key,
  close_key,
  end
};

struct Token {
  TokenKind kind = TokenKind::end;
  std::string text;  // of a word, a number, and of what stands in quotes
  std::size_t at = 0;
};

// The last token is `end`. The error is a sentence.
[[nodiscard]] std::expected<std::vector<Token>, std::string> lex_filter(std::string_view text);

}  // namespace api::consul
