// Commands on their way from the control thread to the probe thread. One slot per generation: a target that is
// removed before the probe thread saw it never arrives, so the box holds no more than what lives on either side,
// however far the probe thread is behind.
#pragma once

#include <map>
#include <mutex>
#include <vector>

#include "registry/checks/target.h"

namespace registry::checks {

class Mailbox {
 public:
  // True when the box was empty before and is not now: the reader has to be woken.
  bool put(std::vector<Command> commands);
  // At most `limit`, oldest generation first, so that the reader's loop can probe in between.
  [[nodiscard]] std::vector<Command> take(std::size_t limit);
  [[nodiscard]] bool empty() const;

 private:
  mutable std::mutex mutex_;
  std::map<Generation, Command> commands_;
};

}  // namespace registry::checks
