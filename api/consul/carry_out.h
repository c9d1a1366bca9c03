// Writes of this dialect: several commands at once, planned over what is there and planned again when that moved.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/json/value.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "api/app.h"
#include "api/http_message.h"

namespace api::consul {

// What a check is told once the commands are done.
struct Report {
  std::string service, id, check;  // in the registry's words
  registry::CheckState state = registry::CheckState::passing;
  std::string output;
};

struct Work {
  std::vector<registry::Command> commands;  // all or none
  std::vector<Report> reports;
};
using Planner = std::function<registry::Result<Work>()>;

// Nothing = done. A plan that names what it saw (Precondition) and was overtaken is made anew.
[[nodiscard]] boost::asio::awaitable<std::optional<registry::Problem>> carry_out(App& app, Planner plan);

// The body, which must be an object.
[[nodiscard]] registry::Result<boost::json::value> read_body(const Request& request);

}  // namespace api::consul
