// What happened to each service's instances, with the cause: the last `kMaxPerService` transitions of a service, and
// no more than `kMaxTransitions` in all (the oldest go first). In memory; the store holds facts, not their past.
//
// Owner: the control thread.
#pragma once

#include <deque>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "registry/change.h"

namespace registry {

struct Transition {
  Revision revision = 0;
  Wall at{};
  ChangeKind kind = ChangeKind::instance;
  ChangeOp op = ChangeOp::state;
  std::shared_ptr<const std::string> service;  // folded FQDN; of a guard what it watches
  std::string id;
  bool available = false;
  std::string reason;
  std::string cause;
};

class History {
 public:
  static constexpr std::size_t kMaxPerService = 1'000;
  static constexpr std::size_t kMaxTransitions = 200'000;  // about 40 MB

  explicit History(std::size_t total = kMaxTransitions, std::size_t per_service = kMaxPerService)
      : total_(total), per_service_(per_service) {}

  void note(const ChangeSet& changes);

  // Newest first, at most `limit`; of one service, and of one instance of it, where they are named.
  [[nodiscard]] std::vector<const Transition*> last(std::size_t limit, std::string_view service = {},
                                                    std::string_view id = {}) const;
  [[nodiscard]] std::size_t size() const { return all_.size(); }

 private:
  using All = std::list<Transition>;
  struct Lane {  // of one service, oldest first
    std::shared_ptr<const std::string> name;
    std::deque<All::const_iterator> transitions;
  };

  void add(const ChangeSet& changes, const Change& change);
  void drop_first(Lane& lane);

  std::size_t total_, per_service_;
  All all_;  // oldest first
  std::map<std::string, Lane, std::less<>> lanes_;
};

}  // namespace registry
