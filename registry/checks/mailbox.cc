#include "registry/checks/mailbox.h"

#include <utility>

namespace registry::checks {

bool Mailbox::put(std::vector<Command> commands) {
  const std::lock_guard lock(mutex_);
  const bool was_empty = commands_.empty();
  for (Command& command : commands) {
    const Generation generation = generation_of(command);
    const bool ends = std::holds_alternative<RemoveTarget>(command) || std::holds_alternative<UnwatchHost>(command);
    const auto it = commands_.find(generation);
    const auto* pace = std::get_if<SetPace>(&command);
    if (pace != nullptr && it != commands_.end()) {
      if (auto* add = std::get_if<AddTarget>(&it->second)) add->idle = pace->idle;
      if (auto* before = std::get_if<SetPace>(&it->second)) before->idle = pace->idle;
    } else if (ends && it != commands_.end() && std::holds_alternative<SetPace>(it->second)) {
      it->second = std::move(command);
    } else if (ends && it != commands_.end()) {
      commands_.erase(it);  // its beginning still lay here
    } else {
      commands_.emplace(generation, std::move(command));
    }
  }
  return was_empty && !commands_.empty();
}

std::vector<Command> Mailbox::take(std::size_t limit) {
  const std::lock_guard lock(mutex_);
  std::vector<Command> out;
  while (!commands_.empty() && out.size() < limit) {
    out.push_back(std::move(commands_.begin()->second));
    commands_.erase(commands_.begin());
  }
  return out;
}

bool Mailbox::empty() const {
  const std::lock_guard lock(mutex_);
  return commands_.empty();
}

}  // namespace registry::checks
