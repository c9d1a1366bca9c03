// `dnsctl completion bash`: made from the command line's own description, so it cannot drift from it.
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace ctl {

[[nodiscard]] std::string bash_completion(const CLI::App& app);

}  // namespace ctl
