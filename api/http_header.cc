#include "api/http_header.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "registry/names.h"
#include "registry/text.h"

namespace api {
namespace {

using Fault = std::optional<std::string_view>;

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string_view next_line(std::string_view& rest) {
  const auto end = rest.find("\r\n");
  const auto line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 2);
  return line;
}

// What may stand only once, or not beside something else.
struct Seen {
  int hosts = 0, lengths = 0, codings = 0;
  bool close = false, keep = false;  // options of Connection
};

Fault read_request_line(std::string_view line, Request& request) {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return "the request line is not METHOD TARGET VERSION";
  const auto verb = line.substr(0, first);
  const auto target = line.substr(first + 1, last - first - 1);
  const auto version = line.substr(last + 1);
  if (!registry::is_token(verb)) return "the method is not a token";
  const auto visible = [](char c) { return c > 0x20 && c < 0x7f; };
  if (target.empty() || !std::ranges::all_of(target, visible)) return "the target holds a space or control character";
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return "only HTTP/1.0 and HTTP/1.1 are spoken here";
  request.verb = verb;
  request.method = parse_method(verb);
  request.head = verb == "HEAD";
  request.target = target;
  request.http_1_0 = version == "HTTP/1.0";
  return std::nullopt;
}

Fault read_length(std::string_view value, Request& request, Seen& seen) {
  if (++seen.lengths > 1) return "more than one Content-Length";
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  std::uint64_t length = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), length);
  if (value.empty() || value.size() > 18 || !std::ranges::all_of(value, digit) || error != std::errc{}) {
    return "Content-Length is not a decimal number";
  }
  request.content_length = length;
  return std::nullopt;
}

Fault read_coding(std::string_view value, Request& request, Seen& seen) {
  if (++seen.codings > 1) return "more than one Transfer-Encoding";
  if (registry::fold(value) != "chunked") return "the only transfer coding accepted is \"chunked\"";
  request.chunked = true;
  return std::nullopt;
}

void read_options(std::string_view list, Seen& seen) {
  while (!list.empty()) {
    const auto comma = std::min(list.find(','), list.size());
    const auto option = registry::fold(trim(list.substr(0, comma)));
    seen.close |= option == "close";
    seen.keep |= option == "keep-alive";
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
}

Fault read_field(std::string_view line, Request& request, Seen& seen) {
  if (line.front() == ' ' || line.front() == '\t') return "folded header lines are obsolete (RFC 9112 5.2)";
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return "a header line without a colon";
  if (!registry::is_token(line.substr(0, colon))) {
    return "a header name that is not a token, or white space before its colon";
  }
  const auto value = trim(line.substr(colon + 1));
  const auto plain = [](char c) { return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f); };
  if (!std::ranges::all_of(value, plain)) return "a control character in a header value";
  const auto& [name, kept] = request.headers.emplace_back(registry::fold(line.substr(0, colon)), value);
  if (name == "content-length") return read_length(value, request, seen);
  if (name == "transfer-encoding") return read_coding(value, request, seen);
  if (name == "host" && ++seen.hosts > 1) return "more than one Host";
  if (name == "connection") read_options(value, seen);
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

std::optional<HeaderFault> parse_header(std::string_view block, Request& request) {
  Seen seen;
  if (const auto why = read_request_line(next_line(block), request)) return HeaderFault{*why};
  for (auto line = next_line(block); !line.empty(); line = next_line(block)) {
    if (request.headers.size() == kMaxHeaderFields) return HeaderFault{"more than 100 header fields", true};
    if (const auto why = read_field(line, request, seen)) return HeaderFault{*why};
  }
  if (!block.empty()) return HeaderFault{"octets after the empty line"};
  if (seen.lengths > 0 && seen.codings > 0) return HeaderFault{"Content-Length beside Transfer-Encoding"};
  if (seen.codings > 0 && request.http_1_0) return HeaderFault{"Transfer-Encoding in HTTP/1.0"};
  if (seen.hosts == 0 && !request.http_1_0) return HeaderFault{"no Host"};
  request.keep_alive = request.http_1_0 ? seen.keep && !seen.close : !seen.close;
  return std::nullopt;
}

}  // namespace api
