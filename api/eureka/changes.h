// What changed in the last three minutes, for apps/delta. Of each instance the last change alone: the clients replace
// what they have by what they are told.
//
// Owner: the control thread.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "api/eureka/status.h"

namespace api::eureka {

using Ref = registry::Registry::InstanceRef;

inline constexpr std::chrono::minutes kRetention{3};  // Netflix's; its clients ask every 30 s
inline constexpr std::size_t kMaxChanged = 10'000;    // 15 MB of JSON; who misses one sees it by the hash code

enum class Action : std::uint8_t { added, modified, deleted };
[[nodiscard]] std::string_view to_string(Action action);

// An instance as it was last shown.
struct Member {
  std::shared_ptr<const registry::InstanceDef> def;
  Status status = Status::up;
  Status overridden = Status::unknown;
  registry::Addresses addresses{};
  bool operator==(const Member&) const = default;
};

class Changes {
 public:
  struct Change {
    registry::Mono at;
    Action action = Action::added;
    Member member;
  };

  void note(const Ref& ref, Action action, Member member, registry::Mono now);
  // Forgets what is older; true when there was something.
  bool sweep(registry::Mono now);
  [[nodiscard]] const std::map<Ref, Change>& all() const { return changes_; }  // by service

 private:
  void forget_oldest();
  std::map<Ref, Change> changes_;
  std::set<std::pair<registry::Mono, Ref>> by_age_;
};

}  // namespace api::eureka
