// What happened to each service's instances, with the cause: the last `kMaxPerService` transitions of a service, and
// no more than `kMaxTransitions` in all (the oldest go first). In memory; the store holds facts, not their past.
//
// Memory: a transition is 160 octets with the list's node, and what of its id, reason and cause does not fit into a
// std::string (16 octets and more); its place in its service 8 to 16; a service 150 with its name. So 200,000
// transitions take about 45 MB with usual causes (40 octets) where they are of few services, 75 MB where each is of
// another one, and 200 MB at the very most, with ids of 255 octets and outputs of 256.
//
// Owner: the control thread.
#pragma once

#include <list>
#include <map>
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
  bool available = false;
  const std::string* service = nullptr;  // folded FQDN; of a guard what it watches. As long as the transition is kept
  std::string id;
  std::string reason;
  std::string cause;
};

class History {
 public:
  static constexpr std::size_t kMaxPerService = 1'000;
  static constexpr std::size_t kMaxTransitions = 200'000;

  explicit History(std::size_t total = kMaxTransitions, std::size_t per_service = kMaxPerService)
      : total_(total), per_service_(per_service) {}

  void note(const ChangeSet& changes);

  // Newest first, at most `limit`; of one service, and of one instance of it, where they are named. They stay until the
  // next note().
  [[nodiscard]] std::vector<const Transition*> last(std::size_t limit, std::string_view service = {},
                                                    std::string_view id = {}) const;
  [[nodiscard]] std::size_t size() const { return all_.size(); }

 private:
  using All = std::list<Transition>;
  // Of one service, oldest first. A vector, for most services have a few; at 1,000 the first one's going moves 8 KB.
  using Lane = std::vector<All::const_iterator>;

  void add(const ChangeSet& changes, const Change& change);
  void drop_first(Lane& lane);

  std::size_t total_, per_service_;
  All all_;                                         // oldest first
  std::map<std::string, Lane, std::less<>> lanes_;  // none is empty
};

}  // namespace registry
