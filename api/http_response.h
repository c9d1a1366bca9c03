// A response's header and chunks as octets. Values never hold CR or LF: what could is percent-encoded before.
#pragma once

#include <string>
#include <string_view>

#include "api/http_message.h"

namespace api {

struct Framing {
  bool http_1_0 = false;
  bool keep_alive = true;
};
[[nodiscard]] std::string encode_header(const Response& response, Framing framing, registry::Wall now);
[[nodiscard]] std::string encode_chunk(std::string_view octets);
[[nodiscard]] std::string format_http_date(registry::Wall now);  // RFC 9110 5.6.7

}  // namespace api
