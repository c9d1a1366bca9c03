// What goes wrong, as AWS tells it: {"__type":"ServiceNotFound","Message":"...", members of the type's own}.
#pragma once

#include <boost/json/object.hpp>
#include <expected>
#include <string>
#include <string_view>

#include "api/http_message.h"
#include "registry/problem.h"

namespace api::cloudmap {

namespace json = boost::json;

struct Error {
  std::string type;
  std::string message;
  int status = 400;
  json::object more{};  // "NamespaceId" of NamespaceAlreadyExists, and so on
};

template <class T>
using Out = std::expected<T, Error>;

[[nodiscard]] std::unexpected<Error> refuse(std::string_view type, std::string message, json::object more = {});
[[nodiscard]] std::unexpected<Error> invalid(std::string message);  // InvalidInput

[[nodiscard]] Error to_error(const registry::Problem& problem);

inline constexpr std::string_view kContentType = "application/x-amz-json-1.1";
[[nodiscard]] Response answer(const json::object& body);
[[nodiscard]] Response answer(const Error& error);

}  // namespace api::cloudmap
