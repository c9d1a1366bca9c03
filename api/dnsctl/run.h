// `dnsctl run -- CMD`: a program with its registration around it. Registers for as long as its connection to the server
// lives (a session) and a lease more, and again when that ends; on SIGTERM and SIGINT drains first and stops the
// program only when no resolver can still hold its address; deregisters at the end and leaves with the program's exit
// code.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "api/dnsctl/registration.h"
#include "api/dnsctl/session.h"

namespace ctl {

struct RunFlags {
  std::string service;
  RegistrationFlags instance;
  std::chrono::milliseconds grace{30'000};  // how long a drain may take before the program is stopped anyway
  std::vector<std::string> command;
};

inline constexpr int kCannotRun = 126;  // as shells do
inline constexpr int kNotFound = 127;

// The exit code of the process: the program's own, 128 + signal, or one of ExitCode when it never started.
[[nodiscard]] int run_program(const Session& session, const RunFlags& flags);

}  // namespace ctl
