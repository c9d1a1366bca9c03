// XML as JSON, both ways, by the rule that Eureka's own JSON came from: an attribute is a member "@name", the text of
// an element that has attributes or is one of several is "$", everything else is a member by its name. So there is one
// reader and one writer of instances.
//
// The keys under "metadata" are any text and become names of elements as XStream makes them: '_' is "__", '$' is "_-",
// what no name may hold is "_." and four hexadecimal digits.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <expected>
#include <string>
#include <string_view>

namespace api::eureka {

namespace json = boost::json;

inline constexpr int kMaxXmlDepth = 8;  // a registration has four levels

// {"<name of the root>": its content}. No document type (nor what hangs on it: entities), no element twice.
[[nodiscard]] std::expected<json::object, std::string> parse_xml(std::string_view text);

// An array becomes as many elements.
void append_element(std::string& out, std::string_view name, const json::value& value);
void append_escaped(std::string& out, std::string_view text);

[[nodiscard]] std::string to_element_name(std::string_view key);
[[nodiscard]] std::string from_element_name(std::string_view name);

}  // namespace api::eureka
