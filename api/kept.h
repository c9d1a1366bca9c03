// What an interface keeps of its own in a registration and gives back: members of `foreign`, one per interface.
#pragma once

#include <boost/json/object.hpp>
#include <string_view>

namespace api {

// Empty where there is none. The native API takes any object as `foreign`, so nothing of its members is certain.
[[nodiscard]] boost::json::object parse_kept(std::string_view foreign);

}  // namespace api
