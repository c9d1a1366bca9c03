// What all of Consul's routes share: errors as text, tokens, blocking queries, X-Consul-Index, ?pretty.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>

#include "api/app.h"
#include "api/route.h"

namespace api::consul {

namespace json = boost::json;
using registry::Result;

extern const Dialect kDialect;

// 400, 404, 409, 501 with a text.
[[nodiscard]] Response text_response(int status, std::string text);
// A body that a read or a write answers with; indented when the request says ?pretty.
[[nodiscard]] Response json_answer(const Request& request, const json::value& body);
[[nodiscard]] Response done();  // 200 without a body

[[nodiscard]] std::unexpected<registry::Problem> bad_request(std::string text);
// The body, which must be an object.
[[nodiscard]] Result<json::value> read_body(const Request& request);

// Go's strconv.ParseBool with "" = true; nullopt = neither.
[[nodiscard]] std::optional<bool> parse_bool(std::string_view text);
// Go's time.ParseDuration for what is not negative: "1m30s", "1.5h", "250us". Rounded to milliseconds.
[[nodiscard]] std::optional<registry::Millis> parse_go_duration(std::string_view text);
// "15s", "1m30s", as Go prints whole seconds; "250ms" below one.
[[nodiscard]] std::string format_go_duration(registry::Millis duration);

}  // namespace api::consul
