#include "dnsd/answers/zone_lexer.h"

#include <utility>

namespace dnsd::answers {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v'; }
bool ends_token(char c) { return is_blank(c) || c == '\n' || c == ';' || c == '(' || c == ')'; }

}  // namespace

// Leaves the newline to be read: the line number is still that of the fault.
void ZoneLexer::skip_line() {
  const auto end = text_.find('\n', at_);
  at_ = end == std::string_view::npos ? text_.size() : end;
}

std::string ZoneLexer::fail(std::string message) {
  skip_line();
  return message;
}

// A token that begins with a quote ends with the next one; quotes within a token (alpn="h2,h3") hide separators.
std::expected<std::string_view, std::string> ZoneLexer::token() {
  const auto start = at_;
  const bool whole = text_[at_] == '"';
  bool quoted = false;
  for (; at_ < text_.size(); ++at_) {
    const auto c = text_[at_];
    if (c == '\0') return std::unexpected(fail("a NUL octet"));
    if (c == '\n' && quoted) break;
    if (c == '\\') {
      if (at_ + 1 >= text_.size() || text_[at_ + 1] == '\n' || text_[at_ + 1] == '\0')
        return std::unexpected(fail("a backslash with nothing behind it"));
      ++at_;
    } else if (c == '"') {
      quoted = !quoted;
      if (!quoted && whole) {
        ++at_;
        break;
      }
    } else if (!quoted && ends_token(c)) {
      break;
    }
  }
  if (quoted) return std::unexpected(fail("a quoted string is not closed on its line"));
  return text_.substr(start, at_ - start);
}

std::expected<bool, std::string> ZoneLexer::next(ZoneEntry& entry) {
  entry.tokens.clear();
  entry.blank_owner = at_ < text_.size() && is_blank(text_[at_]);
  int open = 0;       // parentheses
  int open_line = 0;  // of the outermost
  std::size_t octets = 0;
  while (at_ < text_.size()) {
    const auto c = text_[at_];
    if (c == '\n') {
      if (open == 0 && !entry.tokens.empty()) return true;  // the newline is left: line_ is still the entry's
      ++at_;
      ++line_;
      if (open == 0) entry.blank_owner = at_ < text_.size() && is_blank(text_[at_]);
    } else if (is_blank(c)) {
      ++at_;
    } else if (c == ';') {
      skip_line();
    } else if (c == '(') {
      if (open++ == 0) open_line = line_;
      ++at_;
    } else if (c == ')') {
      if (open == 0) return std::unexpected(fail("')' without '('"));
      --open;
      ++at_;
    } else {
      if (entry.tokens.empty()) entry.line = line_;
      auto read = token();
      if (!read) return std::unexpected(std::move(read.error()));
      octets += read->size() + 1;
      if (octets > kMaxEntry) return std::unexpected(fail("the record is longer than 65000 octets"));
      entry.tokens.push_back(*read);
    }
  }
  if (open != 0) return std::unexpected("'(' of line " + std::to_string(open_line) + " is not closed");
  return !entry.tokens.empty();
}

}  // namespace dnsd::answers
