// The one place that sees every part: builds them, connects them, and runs the control thread.
//
// Threads: the control thread (registry, HTTP, publishing) is the caller of run(); the parts own the others (store,
// probes, DNS workers). The single path of every change is on_change(): DNS first, then probes, then watchers.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dnsd/config.h"

namespace dnsd {

class Daemon {
 public:
  // Reads the configuration again, for a reload.
  using Reread = std::function<std::expected<Config, std::vector<std::string>>()>;

  Daemon(Config config, Reread reread, std::optional<std::filesystem::path> ready_file);
  ~Daemon();

  // Binds HTTP (503 until the rest is there), opens the store, loads zones, publishes, binds DNS. The error is one line
  // for the operator.
  [[nodiscard]] std::expected<void, std::string> start();
  // The control loop, until SIGTERM or SIGINT (then what is in flight is finished). Returns the exit code.
  int run();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dnsd
