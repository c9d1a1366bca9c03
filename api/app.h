// What every handler works with: the context lent by the daemon, the limits, the counters, who is being held.
// Owner: the control thread.
#pragma once

#include <array>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <typeindex>
#include <utility>
#include <vector>

#include "api/event.h"
#include "api/server.h"
#include "registry/write/history.h"

namespace api {

struct Counters {
  std::array<std::uint64_t, 600> statuses{};  // responses by status code
  std::uint64_t connections = 0;              // open now
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;  // over max_connections: told with 503
  std::uint64_t accept_errors = 0;
  std::uint64_t in_flight = 0;       // requests being handled
  std::uint64_t exceptions = 0;      // our own faults, answered with 500
  std::uint64_t dropped_writes = 0;  // a peer that did not take its response in time
};

// Requests that wait for a change: long polls, event streams, drains. Bounded by max_watchers; each is one Event.
class Holds {
 public:
  explicit Holds(std::size_t limit) : limit_(limit) {}

  class Hold {
   public:
    Hold(Holds& owner, const boost::asio::any_io_executor& executor);
    ~Hold();
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;
    Event event;
    bool gone = false;  // the peer closed, or the server stops: answer now

   private:
    Holds& owner_;
    std::list<Hold*>::iterator place_;
  };
  // Null when the limit is reached.
  [[nodiscard]] std::shared_ptr<Hold> take(const boost::asio::any_io_executor& executor);
  // Sets its event behind all that is queued already: whose change it was hears first, however many wait for it.
  void wake(const std::shared_ptr<Hold>& hold);
  void release_all();  // at stop
  [[nodiscard]] std::size_t count() const { return holds_.size(); }
  [[nodiscard]] std::size_t limit() const { return limit_; }

 private:
  using Woken = std::vector<std::weak_ptr<Hold>>;
  std::size_t limit_;
  std::list<Hold*> holds_;
  std::shared_ptr<Woken> woken_ = std::make_shared<Woken>();  // shared with the handler that empties it
};

// Indexes of collections, which no single object of the registry carries. A removal counts as well.
class Indexes {
 public:
  explicit Indexes(registry::Feed& feed);
  void start_at(registry::Revision revision);  // what the store held at start
  [[nodiscard]] registry::Revision namespaces() const { return namespaces_; }
  [[nodiscard]] registry::Revision services() const { return services_; }  // of services or instances
  [[nodiscard]] registry::Revision overrides() const { return overrides_; }
  [[nodiscard]] registry::Revision guard() const { return guard_; }

 private:
  void note(const registry::ChangeSet& changes);
  registry::Revision namespaces_ = 1, services_ = 1, overrides_ = 1, guard_ = 1;
  registry::Feed::Subscription subscription_;
};

struct App {
  App(boost::asio::any_io_executor io, Options opts, Context lent);

  boost::asio::any_io_executor executor;
  Options options;
  Context context;
  Counters counters;
  Holds holds;
  Indexes indexes;
  registry::History history;
  registry::Feed::Subscription history_feed;
  registry::Mono started;
  // The revision when the loaded registry was first seen: instances made before may have been handed out by an
  // earlier process, whose answers nobody counts any more.
  std::optional<registry::Revision> loaded_at;
  bool stopping = false;
  bool backup_running = false;
  // Connections that an instance is bound to, by its folded service and id: the newest of each.
  using SessionKey = std::pair<std::string, std::string>;
  std::map<SessionKey, std::weak_ptr<Holds::Hold>> sessions;

  [[nodiscard]] registry::Registry& registry() const { return context.registry; }
  [[nodiscard]] registry::Now now() const { return context.clock(); }
  // False until the store was loaded: only the health endpoints answer.
  [[nodiscard]] bool open_for_business();

  // What a dialect keeps of its own while the server runs (an index over the registry, the operations of a client):
  // made by T(App&) when it is asked for first.
  template <class T>
  [[nodiscard]] T& part() {
    auto& place = parts[std::type_index(typeid(T))];
    if (!place) place = std::make_shared<T>(*this);
    return *static_cast<T*>(place.get());
  }
  std::map<std::type_index, std::shared_ptr<void>> parts;

  // Resumes when the commands are committed, applied and answered by DNS (or refused).
  boost::asio::awaitable<registry::WriteResult> submit(std::vector<registry::Command> commands, bool atomic);
};

}  // namespace api
