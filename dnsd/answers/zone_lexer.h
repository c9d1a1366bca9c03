// The text of a zone file -> entries (RFC 1035 5.1): comments and parentheses are gone, quotes and escapes are as
// written, for ldns to read.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace dnsd::answers {

struct ZoneEntry {
  int line = 0;                          // of the first token
  bool blank_owner = false;              // began with white space: the owner is the previous one
  std::vector<std::string_view> tokens;  // into the lexer's text; a quoted string keeps its quotes
};

class ZoneLexer {
 public:
  // What ldns takes as one record's text. The largest RDATA, spelled in hex, is longer; such a record is refused.
  static constexpr std::size_t kMaxEntry = 65'000;

  explicit ZoneLexer(std::string_view text) : text_(text) {}

  // False at the end of the text. After an error (line(), then the message) the next call goes on with the next line.
  [[nodiscard]] std::expected<bool, std::string> next(ZoneEntry& entry);
  [[nodiscard]] int line() const { return line_; }

 private:
  std::expected<std::string_view, std::string> token();
  std::string fail(std::string message);
  void skip_line();

  std::string_view text_;
  std::size_t at_ = 0;
  int line_ = 1;
};

}  // namespace dnsd::answers
