#include "api/http_lint.h"

#include <algorithm>
#include <string>

namespace api {
namespace {

// RFC 9110 5.6.2
bool is_token_char(char c) {
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return true;
  return std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool is_token(std::string_view text) { return !text.empty() && std::ranges::all_of(text, is_token_char); }

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool equals_folded(std::string_view a, std::string_view lower) {
  return std::ranges::equal(a, lower, {}, [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
}

std::string_view next_line(std::string_view& rest) {
  const auto end = rest.find("\r\n");
  const auto line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 2);
  return line;
}

struct Seen {
  int hosts = 0, lengths = 0, codings = 0;
  std::size_t fields = 0;
  bool http_1_0 = false;
};

std::optional<std::string_view> lint_request_line(std::string_view line, Seen& seen) {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return "the request line is not METHOD TARGET VERSION";
  const auto target = line.substr(first + 1, last - first - 1);
  const auto version = line.substr(last + 1);
  if (!is_token(line.substr(0, first))) return "the method is not a token";
  const auto visible = [](char c) { return c > 0x20 && c < 0x7f; };
  if (target.empty() || !std::ranges::all_of(target, visible)) return "the target holds a space or control character";
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return "only HTTP/1.0 and HTTP/1.1 are spoken here";
  seen.http_1_0 = version == "HTTP/1.0";
  return std::nullopt;
}

std::optional<std::string_view> lint_length(std::string_view value, Seen& seen) {
  if (++seen.lengths > 1) return "more than one Content-Length";
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (value.empty() || value.size() > 18 || !std::ranges::all_of(value, digit)) {
    return "Content-Length is not a decimal number";
  }
  return std::nullopt;
}

std::optional<std::string_view> lint_field(std::string_view line, Seen& seen) {
  if (line.front() == ' ' || line.front() == '\t') return "folded header lines are obsolete (RFC 9112 5.2)";
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return "a header line without a colon";
  const auto name = line.substr(0, colon);
  if (!is_token(name)) return "a header name that is not a token, or white space before its colon";
  const auto value = trim(line.substr(colon + 1));
  const auto plain = [](char c) { return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f); };
  if (!std::ranges::all_of(value, plain)) return "a control character in a header value";
  if (equals_folded(name, "content-length")) return lint_length(value, seen);
  if (equals_folded(name, "transfer-encoding")) {
    if (++seen.codings > 1) return "more than one Transfer-Encoding";
    if (!equals_folded(value, "chunked")) return "the only transfer coding accepted is \"chunked\"";
  }
  if (equals_folded(name, "host") && ++seen.hosts > 1) return "more than one Host";
  return std::nullopt;
}

}  // namespace

HeaderScan scan_header(std::string_view octets) {
  HeaderScan scan;
  while (octets.substr(scan.begin).starts_with("\r\n")) scan.begin += 2;
  for (std::size_t i = scan.begin; i < octets.size(); ++i) {
    if (octets[i] == '\n') return {HeaderScan::State::refused, scan.begin, 0, "a line that ends in LF without CR"};
    if (octets[i] != '\r') continue;
    if (i + 1 == octets.size()) break;
    if (octets[i + 1] != '\n') return {HeaderScan::State::refused, scan.begin, 0, "a CR without LF"};
    if (i > scan.begin && octets.substr(i + 2).starts_with("\r\n")) {
      return {HeaderScan::State::complete, scan.begin, i + 4, {}};
    }
    ++i;
  }
  return scan;
}

std::optional<LintFault> lint_header(std::string_view block) {
  Seen seen;
  if (const auto why = lint_request_line(next_line(block), seen)) return LintFault{*why};
  for (auto line = next_line(block); !line.empty(); line = next_line(block)) {
    if (++seen.fields > kMaxHeaderFields) return LintFault{"more than 100 header fields", true};
    if (const auto why = lint_field(line, seen)) return LintFault{*why};
  }
  if (!block.empty()) return LintFault{"octets after the empty line"};
  if (seen.lengths > 0 && seen.codings > 0) return LintFault{"Content-Length beside Transfer-Encoding"};
  if (seen.codings > 0 && seen.http_1_0) return LintFault{"Transfer-Encoding in HTTP/1.0"};
  if (seen.hosts == 0 && !seen.http_1_0) return LintFault{"no Host"};
  return std::nullopt;
}

}  // namespace api
