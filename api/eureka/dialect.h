// What all of Eureka's routes share: errors as text, JSON or XML, the token as a password.
#pragma once

#include <string>
#include <string_view>

#include "api/app.h"
#include "api/route.h"

namespace api::eureka {

extern const Dialect kDialect;

enum class Format : std::uint8_t { json, xml };

// JSON where Accept says so, else XML.
[[nodiscard]] Format format_of(const Request& request);
[[nodiscard]] std::string_view content_type(Format format);

[[nodiscard]] Response text_response(int status, std::string text = {});
[[nodiscard]] std::unexpected<registry::Problem> bad_request(std::string text);

}  // namespace api::eureka
