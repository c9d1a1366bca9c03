#include "api/kept.h"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <utility>

namespace api {

boost::json::object parse_kept(std::string_view foreign) {
  if (foreign.empty()) return {};
  boost::json::error_code malformed;
  auto value = boost::json::parse(foreign, malformed);
  return !malformed && value.is_object() ? std::move(value.get_object()) : boost::json::object();
}

}  // namespace api
