// Programs that nobody waits for any more: killed and not gone yet (a call that the kernel does not interrupt, a
// program that we may not signal), and what a program left in its group where that falls to us (we are PID 1 of a
// container). Nothing here waits, and nothing keeps the loop alive: whoever owns it sweeps now and then. Probe thread
// only.
//
// A number is given away by the kernel only once the last of its process group is reaped, and one that we look at is
// forgotten as soon as nothing of it is ours; so no later process is taken for an earlier one.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <vector>

namespace registry::checks {

class Reaper {
 public:
  // Programs that cannot be ended hang in the kernel, mostly all for one reason (a file server that is gone). More of
  // them would tell nothing new, and each holds a process.
  static constexpr std::size_t kMaxLeft = 32;

  // The group of a program that was killed; `leader`: the program itself is not reaped yet.
  void take(pid_t group, bool leader);
  void sweep();
  // No further program may be started. Those that run already are taken all the same.
  [[nodiscard]] bool full() const { return left_.size() >= kMaxLeft; }
  [[nodiscard]] bool empty() const { return left_.empty(); }

 private:
  struct Left {
    pid_t group = 0;
    bool leader = false;
  };
  [[nodiscard]] static bool gone(Left& left);
  std::vector<Left> left_;
};

}  // namespace registry::checks
