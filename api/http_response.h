// A response's header and chunks as octets, appended to what waits to be written. Values never hold CR or LF: what
// could is percent-encoded before.
#pragma once

#include <string>
#include <string_view>

#include "api/http_message.h"

namespace api {

struct Framing {
  bool http_1_0 = false;
  bool keep_alive = true;
};
void append_header(std::string& out, const Response& response, Framing framing, std::string_view date);
void append_chunk(std::string& out, std::string_view octets);
[[nodiscard]] std::string format_http_date(registry::Wall now);  // RFC 9110 5.6.7

// The value of Date, made once a second.
class HttpDate {
 public:
  [[nodiscard]] std::string_view at(registry::Wall now);

 private:
  std::chrono::sys_seconds second_{};
  std::string text_ = format_http_date({});
};

}  // namespace api
