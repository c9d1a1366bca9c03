// Small rules over text that more than one part of the registry needs.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace registry {

[[nodiscard]] bool is_utf8(std::string_view text);          // RFC 3629: no overlong forms, no surrogates
[[nodiscard]] bool has_control(std::string_view text);      // an octet below 0x20, or DEL
[[nodiscard]] bool is_json_pointer(std::string_view text);  // RFC 6901 3
[[nodiscard]] bool is_token(std::string_view text);         // RFC 9110 5.6.2: an HTTP method, a header's name
// As a segment of a URL's path: what is not unreserved (RFC 3986 2.3) as %XX.
[[nodiscard]] std::string percent_encode(std::string_view text);
// Valid UTF-8 of at most `limit` octets, cut between characters; invalid octets become '?'.
[[nodiscard]] std::string clip_utf8(std::string_view text, std::size_t limit);

// '*' stands for any number of octets, nothing else is special. Compares octets: fold first where case must not matter.
[[nodiscard]] bool glob_match(std::string_view pattern, std::string_view text);
[[nodiscard]] inline bool is_exact(std::string_view pattern) { return pattern.find('*') == pattern.npos; }
// Octets before the first '*': what makes one glob more specific than another.
[[nodiscard]] inline std::size_t literal_prefix(std::string_view pattern) {
  return is_exact(pattern) ? pattern.size() : pattern.find('*');
}

}  // namespace registry
