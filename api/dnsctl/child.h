// A child process in a process group of its own, so that a terminal's Ctrl-C reaches the tool alone, which drains
// before it passes the signal on.
#pragma once

#include <sys/types.h>

#include <expected>
#include <optional>
#include <string>
#include <vector>

namespace ctl {

class Child {
 public:
  // The error is errno of the exec (ENOENT ...). The child gets SIGTERM when this process dies without a word.
  [[nodiscard]] static std::expected<Child, int> start(const std::vector<std::string>& command);

  void signal(int number) const;                  // to the child's group
  [[nodiscard]] std::optional<int> reap() const;  // its exit code (128 + signal), once it ended; never waits

 private:
  explicit Child(pid_t pid) : pid_(pid) {}
  pid_t pid_;
};

}  // namespace ctl
