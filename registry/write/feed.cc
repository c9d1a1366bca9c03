#include "registry/write/feed.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

namespace registry {
namespace {}  // namespace

struct Feed::Subscription::State {
  using Listeners = std::map<std::uint64_t, std::shared_ptr<const Callback>>;

  std::size_t capacity = 0;
  std::deque<std::shared_ptr<const ChangeSet>> ring;
  std::size_t changes = 0;  // in all of the ring
  Revision oldest = 0;
  std::map<std::string, Listeners, std::less<>> listeners;
  std::size_t count = 0;
  std::uint64_t next_id = 1;

  void drop_oldest() {
    oldest = ring.front()->revision;
    changes -= ring.front()->changes.size();
    ring.pop_front();
  }

  void remove(const std::string& key, std::uint64_t id) {
    const auto of_key = listeners.find(key);
    if (of_key == listeners.end() || of_key->second.erase(id) == 0) return;
    --count;
    if (of_key->second.empty()) listeners.erase(of_key);
  }

  // A callback may subscribe and unsubscribe, itself and others: ids are looked up again before each call, and the
  // callback that runs is held.
  void wake(const std::string& key, const ChangeSet& set) {
    const auto of_key = listeners.find(key);
    if (of_key == listeners.end()) return;
    std::vector<std::uint64_t> ids;
    ids.reserve(of_key->second.size());
    for (const auto& [id, callback] : of_key->second) ids.push_back(id);
    for (const std::uint64_t id : ids) {
      const auto now = listeners.find(key);
      if (now == listeners.end()) return;
      const auto listener = now->second.find(id);
      if (listener == now->second.end()) continue;
      const std::shared_ptr<const Callback> callback = listener->second;
      (*callback)(set);
    }
  }
};

namespace {

// The keys that a change set touches, each once; a service lies one label below its namespace (DESIGN section 2).
std::set<std::string> keys_of(const ChangeSet& set) {
  std::set<std::string> keys{""};
  for (const Change& change : set.changes) {
    switch (change.kind) {
      case ChangeKind::override_rule:
        keys.insert("override:");
        break;
      case ChangeKind::guard:
        keys.insert("guard:");
        break;
      case ChangeKind::ns:
        keys.insert("ns:" + change.service);
        break;
      case ChangeKind::service:
      case ChangeKind::instance: {
        keys.insert(change.service);
        const std::size_t dot = change.service.find('.');
        if (dot != std::string::npos) keys.insert("ns:" + change.service.substr(dot + 1));
        break;
      }
    }
  }
  return keys;
}

}  // namespace

Feed::Feed(std::size_t capacity) : state_(std::make_shared<Subscription::State>()) {
  state_->capacity = std::max<std::size_t>(capacity, 1);
}

void Feed::append(std::shared_ptr<const ChangeSet> changes) {
  if (changes->revision == 0) return;  // nobody is told
  const auto state = state_;           // a callback may take the feed down
  state->changes += changes->changes.size();
  state->ring.push_back(changes);
  while (state->ring.size() > 1 && (state->ring.size() > state->capacity || state->changes > state->capacity)) {
    state->drop_oldest();
  }
  if (state->listeners.empty()) return;
  for (const std::string& key : keys_of(*changes)) state->wake(key, *changes);
}

std::optional<std::vector<std::shared_ptr<const ChangeSet>>> Feed::since(Revision after, std::size_t limit) const {
  if (after < state_->oldest) return std::nullopt;
  const auto& ring = state_->ring;
  const auto first = std::upper_bound(ring.begin(), ring.end(), after,
                                      [](Revision revision, const auto& set) { return revision < set->revision; });
  const std::size_t count = std::min(limit, static_cast<std::size_t>(ring.end() - first));
  return std::vector(first, first + static_cast<std::ptrdiff_t>(count));
}

Revision Feed::oldest() const { return state_->oldest; }

void Feed::start_at(Revision revision) {
  state_->ring.clear();
  state_->changes = 0;
  state_->oldest = revision;
}

Feed::Subscription Feed::subscribe(std::string key, Callback callback) {
  Subscription subscription;
  subscription.feed_ = state_;
  subscription.id_ = state_->next_id++;
  state_->listeners[key].emplace(subscription.id_, std::make_shared<const Callback>(std::move(callback)));
  ++state_->count;
  subscription.key_ = std::move(key);
  return subscription;
}

std::size_t Feed::subscribers() const { return state_->count; }

Feed::Subscription::~Subscription() {
  if (const auto state = feed_.lock()) state->remove(key_, id_);
}

Feed::Subscription::Subscription(Subscription&& other) noexcept
    : feed_(std::exchange(other.feed_, {})), key_(std::move(other.key_)), id_(std::exchange(other.id_, 0)) {}

Feed::Subscription& Feed::Subscription::operator=(Subscription&& other) noexcept {
  std::swap(feed_, other.feed_);
  std::swap(key_, other.key_);
  std::swap(id_, other.id_);
  return *this;
}

}  // namespace registry
