// Adaptive probing: which services are asked for so rarely that slower probes do.
#include <algorithm>

#include "registry/checks/follower.h"

namespace registry::checks {
namespace {

// Services that one review looks at: two look-ups of 100 ns each, so a thousandth of the half second between reviews.
// An idle one is to get its full pace back soon after the first query; becoming idle has time.
constexpr std::size_t kIdleLookedAt = 4096;
constexpr std::size_t kActiveLookedAt = 512;

// Up to `count` elements of an ordered container, each once, from `cursor` on and then from the start.
template <class Container, class KeyOf, class Visit>
void take_turns(Container& container, std::string& cursor, std::size_t count, KeyOf key_of, Visit visit) {
  auto it = container.lower_bound(cursor);
  for (std::size_t left = std::min(count, container.size()); left > 0; --left) {
    if (it == container.end()) it = container.begin();
    visit(*it++);
  }
  cursor = it == container.end() ? std::string() : std::string(key_of(*it));
}

}  // namespace

void Follower::review(Mono now, Millis idle_after, const LastAsked& last_asked, std::vector<Command>& out) {
  const auto is_idle = [&](const std::string& service, Group& group) {
    if (!group.seen) group.seen = now;  // as if it was asked for: nobody had the time yet
    return std::max(*group.seen, last_asked(service).value_or(*group.seen)) + idle_after <= now;
  };
  std::vector<std::string> awake;
  take_turns(
      idle_, next_idle_, kIdleLookedAt, [](const std::string& name) { return name; },
      [&](const std::string& name) {
        if (!is_idle(name, groups_.at(name))) awake.push_back(name);
      });
  for (const std::string& name : awake) set_idle(groups_.at(name), false, out);
  take_turns(
      groups_, next_active_, kActiveLookedAt, [](const auto& each) { return each.first; },
      [&](auto& each) {
        if (!each.second.idle && is_idle(each.first, each.second)) set_idle(each.second, true, out);
      });
}

void Follower::set_idle(Group& group, bool idle, std::vector<Command>& out) {
  group.idle = idle;
  if (idle) {
    idle_.insert(*group.name);
  } else {
    idle_.erase(*group.name);
  }
  for (const auto& [id, entry] : group.instances) {
    for (const Generation generation : entry.generations) {
      if (generation != 0) out.emplace_back(SetPace{generation, idle});
    }
  }
}

}  // namespace registry::checks
