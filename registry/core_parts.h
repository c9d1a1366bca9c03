// The small things that RegistryCore keeps and hands around. Internal to registry*.cc and transaction*.cc.
#pragma once

#include <compare>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "registry/registry.h"

namespace registry {

// What the checks of kind alias say that follow one service.
struct Followed {
  CheckState state = CheckState::critical;
  std::string output;
  Mono horizon = Mono::max();
};

// One mutation in progress: what finish() turns into a ChangeSet. Revision 0 = none taken yet.
struct Edit {
  explicit Edit(const Now& time) : now(time) { set.at = time.wall; }
  Now now;
  bool silent = false;                 // restore: nobody is told, so nothing is gathered
  bool steps = false;                  // slow starts go on to the share that is due: only where each one is told
  const Instance* put_back = nullptr;  // by the guard, as it was: its return is no start
  ChangeSet set;
  std::set<std::string, std::less<>> services, namespaces, horizons;
  std::string_view touched;  // of `services`, the last one: registrations of one service follow each other
  std::set<std::string, std::less<>> content;  // namespaces whose transfer content changed: their serial moves
  std::map<std::string, Followed, std::less<>> followed;  // as first judged: what changes later in it is passed on
};

struct Origin {
  Revision created = 0;   // 0 = this edit
  Revision revision = 0;  // likewise
  bool managed_by_config = false;
  bool on_demand = false;  // of a namespace
};

struct Timer {
  Mono at;
  Service* service = nullptr;  // map nodes stay where they are
  Instance* instance = nullptr;
  auto operator<=>(const Timer&) const = default;
};

struct Starting {  // slowly
  Mono began, next;
  Service* service = nullptr;
  Instance* instance = nullptr;
};

struct Idle {
  Mono since;
  const Service* service = nullptr;
  auto operator<=>(const Idle&) const = default;
};

inline constexpr std::chrono::hours kEmptyServiceKept{1};
// Three self-probes at the default interval: when they stop, nobody may rely on the last one.
inline constexpr std::chrono::seconds kSelfProbeValid{15};

inline constexpr std::chrono::seconds kClockJump{1};  // of the wall clock; less is slewing, and no end is so exact
inline constexpr std::chrono::hours kSlowestPace{1};  // as the longest interval

// A check that fell by a verdict that fits a fault of ours, and what it was before.
struct Fall {
  Service* service = nullptr;
  CheckState state = CheckState::passing;
  Wall since{};
  std::uint16_t flaps = 0;
  bool available = false;   // the instance, before the first of its falls
  MaybeTime<Mono> began{};  // its slow start, which was under way then
  Mono until{};             // revertible
};
using CheckRef = std::pair<Instance*, std::size_t>;

}  // namespace registry
