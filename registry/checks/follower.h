// The control thread's side: which targets exist, compared with the registry whenever it changes. Knows no sockets
// and no time; its output is the small commands that the probe thread carries out.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "registry/change.h"
#include "registry/checks/target.h"
#include "registry/registry.h"

namespace registry::checks {

class Follower {
 public:
  // Appends what has to change to `out`. Costs what the change set names: one instance, or for a changed service
  // (its template) all instances of that service. Changes of state are no business of probes.
  void follow(const Registry& registry, const ChangeSet& changes, std::vector<Command>& out);
  void follow_all(const Registry& registry, std::vector<Command>& out);

  // One instance as it is now: `def` with the checks that apply to it.
  void put(std::string_view service, std::shared_ptr<const InstanceDef> def,
           std::shared_ptr<const std::vector<CheckDef>> checks, std::vector<Command>& out);
  void remove(std::string_view service, std::string_view id, std::vector<Command>& out);

  // Whether a report of that generation still speaks of what is registered now.
  [[nodiscard]] bool probes(std::string_view service, std::string_view id, std::string_view check,
                            Generation generation) const;
  [[nodiscard]] bool watches(std::string_view service, std::string_view id, Generation generation) const;
  [[nodiscard]] std::size_t targets() const { return targets_; }

  // Adaptive probing: services that nobody asked for within `idle_after` become idle, those that were asked for since
  // do no longer. Looks at the idle ones first, at a bounded number of services per call, in turns (follower_pace.cc).
  using LastAsked = std::function<std::optional<Mono>(std::string_view service)>;
  void review(Mono now, Millis idle_after, const LastAsked& last_asked, std::vector<Command>& out);

 private:
  struct Entry {
    std::shared_ptr<const InstanceDef> def;
    std::shared_ptr<const std::vector<CheckDef>> checks;
    std::vector<Generation> generations;  // beside `checks`; 0 = not probed (heartbeat, alias)
    Generation host = 0;                  // of the watch on def->host; 0 = none
  };
  struct Group {
    std::shared_ptr<const std::string> name;
    std::map<std::string, Entry, std::less<>> instances;
    std::optional<Mono> seen;  // by the first review()
    bool idle = false;
  };
  using Groups = std::map<std::string, Group, std::less<>>;

  void sync_service(const Registry& registry, std::string_view service, std::vector<Command>& out);
  void sync_instance(const Registry& registry, std::string_view service, std::string_view id,
                     std::vector<Command>& out);
  void put_checks(const Group& group, const Entry& before, Entry& after, std::vector<Command>& out);
  void put_host(const Group& group, const Entry& before, Entry& after, std::vector<Command>& out);
  void end(const Entry& entry, std::vector<Command>& out);
  [[nodiscard]] const Entry* find(std::string_view service, std::string_view id) const;

  void set_idle(Group& group, bool idle, std::vector<Command>& out);

  Groups groups_;  // by service
  std::set<std::string, std::less<>> idle_;
  std::string next_idle_, next_active_;  // where the next review() goes on
  Generation last_ = 0;
  std::size_t targets_ = 0;
};

}  // namespace registry::checks
