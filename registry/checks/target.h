// What one check of one instance asks, as the control thread hands it to the probe thread: a value that shares the
// registry's immutable definitions and owns nothing else.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "registry/definition.h"

namespace registry::checks {

// Every target and every watched host name gets a number that is never used again. A changed definition is another
// target with another number, so a result that was under way while things changed cannot be taken for a new one.
using Generation = std::uint64_t;

struct Target {
  Generation generation = 0;
  std::shared_ptr<const std::string> service;  // folded FQDN
  std::shared_ptr<const InstanceDef> def;
  std::shared_ptr<const std::vector<CheckDef>> checks;  // the checks that apply to the instance
  std::size_t index = 0;                                // of the one that is meant

  [[nodiscard]] const CheckDef& check() const { return (*checks)[index]; }
};

// The check's own port, else the instance's, else the scheme's (80, 443, 53); 0 = none.
[[nodiscard]] std::uint16_t port_of(const Target& target);

// Whether both ask the same thing of the same place in the same rhythm; then the schedule goes on undisturbed.
[[nodiscard]] bool asks_the_same(const Target& a, const Target& b);

// A fixed hash of (service, id, check): where in its interval a target is probed after a restart of the daemon.
[[nodiscard]] std::uint64_t phase_hash(const Target& target);

struct AddTarget {
  Target target;
  bool spread = false;  // known before the start: the first probe falls anywhere in the first interval
  bool idle = false;    // as SetPace's
};
struct RemoveTarget {
  Generation generation = 0;
};
struct WatchHost {  // keep the addresses of this instance's host name current
  Generation generation = 0;
  std::shared_ptr<const std::string> service;
  std::shared_ptr<const InstanceDef> def;
};
struct UnwatchHost {
  Generation generation = 0;
};
struct SetPace {
  Generation generation = 0;
  bool idle = false;  // nobody asks for its service: probed less often
};
using Command = std::variant<AddTarget, RemoveTarget, WatchHost, UnwatchHost, SetPace>;

[[nodiscard]] Generation generation_of(const Command& command);

}  // namespace registry::checks
