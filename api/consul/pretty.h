// JSON for people (?pretty): indented by four blanks, as Consul does.
#pragma once

#include <boost/json/value.hpp>
#include <string>

namespace api::consul {

[[nodiscard]] std::string pretty(const boost::json::value& value);

}  // namespace api::consul
