// TXT rdata from key/value pairs. Control thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "registry/definition.h"

namespace dnsd::answers {

// One record per pair, RFC 1464: in the attribute's name '=', '`' and leading or trailing blanks are quoted by '`'. A
// text over 255 octets stands in several strings. A key that starts with "rfc1035-" gives the value alone.
[[nodiscard]] std::string rfc1464_rdata(std::string_view key, std::string_view value);

// One record with a string per pair, RFC 6763 6: keys of printable US-ASCII without '='; pairs over 255 octets are left
// out; at least one (empty) string.
[[nodiscard]] std::string dns_sd_rdata(const registry::Meta& meta);

[[nodiscard]] std::string txt_strings(std::string_view text);  // cut into character-strings; "" = one empty string

}  // namespace dnsd::answers
