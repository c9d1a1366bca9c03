// The event ring: the last changes of the registry, for watchers (SSE), long polls and history.
//
// Owner: the control thread. Bounded: `capacity` changes, in as many change sets at most (the newest set stays whatever
// its size). Subscribers are woken after the ring holds the change.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>

#include "registry/change.h"

namespace registry {

class Feed {
 public:
  explicit Feed(std::size_t capacity = 100'000);

  void append(std::shared_ptr<const ChangeSet> changes);  // in order of revision

  // Change sets with revision > after. nullopt = `after` is no longer in the ring (the reader needs a snapshot).
  [[nodiscard]] std::optional<std::vector<std::shared_ptr<const ChangeSet>>> since(Revision after,
                                                                                   std::size_t limit) const;
  [[nodiscard]] Revision oldest() const;  // every change after this revision is still here
  void start_at(Revision revision);       // after restore: what came before is not in the ring

  // Keys: "" = everything; a folded FQDN = that service; "ns:<apex>" = services of that namespace;
  // "override:" = overrides; "guard:" = the guards. The callback runs on the control thread, once per append that
  // touches the key.
  using Callback = std::function<void(const ChangeSet&)>;
  class Subscription {
   public:
    Subscription() = default;
    ~Subscription();
    Subscription(Subscription&&) noexcept;
    Subscription& operator=(Subscription&&) noexcept;

   private:
    friend class Feed;
    struct State;
    std::weak_ptr<State> feed_;
    std::string key_;
    std::uint64_t id_ = 0;
  };
  [[nodiscard]] Subscription subscribe(std::string key, Callback callback);
  [[nodiscard]] std::size_t subscribers() const;

 private:
  std::shared_ptr<Subscription::State> state_;
};

}  // namespace registry
