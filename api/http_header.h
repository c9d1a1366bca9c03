// A strict reading of a request's header octets.
//
// Two parsers that disagree about where a request ends are how requests are smuggled (incidents: CL beside TE, two
// lengths, bare LF, folded lines, a space before the colon). Everything that RFC 9112 lets a server refuse is refused
// here with 400 and a closed connection. Pure: no socket, no clock.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "api/http_message.h"

namespace api {

inline constexpr std::size_t kMaxHeaderFields = 100;  // curl sends 4, a browser about 20

struct HeaderScan {
  enum class State { need_more, complete, refused } state = State::need_more;
  std::size_t begin = 0;  // empty lines before the request line are skipped (RFC 9112 2.2)
  std::size_t end = 0;    // complete: one past the empty line
  std::string_view why;   // refused: a sentence, static storage
};

// Looks for the end of the header block in what has arrived so far. A bare CR or LF is refused as soon as it is seen.
[[nodiscard]] HeaderScan scan_header(std::string_view octets);

struct HeaderFault {
  std::string_view why;    // a sentence, static storage
  bool too_large = false;  // well-formed, but more than is taken: 431 instead of 400
};
// Reads a complete block (request line, fields, empty line) into `request`, which is as new. Nothing = acceptable.
[[nodiscard]] std::optional<HeaderFault> parse_header(std::string_view block, Request& request);

}  // namespace api
