// Writes of a dialect: several commands at once, planned over what is there and planned again when that moved.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "api/app.h"
#include "registry/transaction.h"

namespace api {

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

}  // namespace api
