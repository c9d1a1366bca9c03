// The command line: flags to the functions of commands.h and run.h.
#pragma once

#include <functional>
#include <iosfwd>
#include <optional>
#include <string>

namespace ctl {

using Environment = std::function<std::optional<std::string>(const std::string&)>;

// The whole program but its process: `main` passes argv and the standard streams.
[[nodiscard]] int run_cli(int argc, const char* const* argv, const Environment& environment, std::ostream& out,
                          std::ostream& err);

}  // namespace ctl
