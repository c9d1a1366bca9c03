#include "registry/checks/reaper.h"

#include <sys/wait.h>

namespace registry::checks {

void Reaper::take(pid_t group, bool leader) {
  Left left{group, leader};
  if (!gone(left)) left_.push_back(left);
}

void Reaper::sweep() {
  std::erase_if(left_, [](Left& each) { return gone(each); });
}

bool Reaper::gone(Left& left) {
  if (left.leader && ::waitpid(left.group, nullptr, WNOHANG) != 0) left.leader = false;  // now, or by somebody else
  pid_t member = 0;
  do {
    member = ::waitpid(-left.group, nullptr, WNOHANG);
  } while (member > 0);
  return !left.leader && member < 0;  // ECHILD: none of it is ours, or ever will be
}

}  // namespace registry::checks
