// When each target is probed next, who waits for a place, and how many run. Pure: time is an argument, so a day of
// probing is a table test. One owner (the probe thread).
//
// Invariants:
// 1. A target runs at most once at a time and waits at most once, so the queue is never longer than the targets.
// 2. At most `cap` run at once, and of those with one share at most as many as it says; the others of it are set aside
//    until one has finished, and hold nobody back.
// 3. From one start to the next passes at least the interval (the horizon of DNS answers depends on it), except after
//    `restart`.
// Costs O(log targets) per probe: one heap of due times instead of a timer object per target.
#pragma once

#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <random>
#include <unordered_map>
#include <vector>

#include "registry/basics.h"
#include "registry/checks/target.h"

namespace registry::checks {

// How many run at once of what belongs together.
struct Share {
  std::uint64_t of = 0;  // the same number belongs together
  std::size_t most = std::numeric_limits<std::size_t>::max();
};

class Schedule {
 public:
  Schedule(std::size_t cap, std::uint64_t seed);

  void add(Generation target, Millis interval, Mono first, Share share = {});
  void remove(Generation target);             // a running one still holds its place until `finished`
  void restart(Generation target, Mono now);  // due at once, whatever was planned; a running one when it has finished
  // Another pace. A longer interval counts from the next turn on; a shorter one at once, so that the next turn comes as
  // soon as the interval since the last one allows.
  void set_interval(Generation target, Millis interval, Mono now);

  // Moves what is due to the end of the queue. One that still runs is skipped and counted: never stacked.
  void advance(Mono now);
  // The first in the queue, if a place is free. It runs from now on; its next turn is an interval after `now`.
  [[nodiscard]] std::optional<Generation> take(Mono now);
  void finished(Generation target);

  [[nodiscard]] std::optional<Mono> next();  // when `advance` has something to do; nothing = never
  [[nodiscard]] std::size_t running() const { return running_.size(); }
  [[nodiscard]] std::size_t waiting() const { return waiting_; }
  [[nodiscard]] std::size_t size() const { return items_.size(); }
  [[nodiscard]] std::uint64_t skipped() const { return skipped_; }

 private:
  enum class State : std::uint8_t { idle, waiting, running };
  struct Item {
    Millis interval{};
    Mono last{};  // when it began to run
    Share share{};
    State state = State::idle;
    bool again = false;       // restart was asked for while running
    std::uint32_t stamp = 0;  // of its one valid heap entry
  };
  struct Due {
    Mono at;
    Generation target;
    std::uint32_t stamp;
  };
  struct Later {
    bool operator()(const Due& a, const Due& b) const { return a.at > b.at; }
  };

  void plan(Generation target, Item& item, Mono at);
  void enqueue(Generation target, Item& item);
  struct Lane {  // of one share; exists while any of it runs or is set aside
    std::size_t running = 0;
    std::deque<Generation> aside;  // waiting; entries of removed targets go when reached
  };
  void set_aside(Generation target, Lane& lane);
  void call_back(Share share);  // one that was set aside, if there is room for it
  [[nodiscard]] bool is_waiting(Generation target) const;
  [[nodiscard]] Item* find(Generation target);
  [[nodiscard]] bool stale(const Due& due) const;
  void compact();
  [[nodiscard]] Mono after_interval(const Item& item, Mono now);

  std::size_t cap_;
  std::minstd_rand random_;
  std::unordered_map<Generation, Item> items_;
  std::vector<Due> heap_;         // earliest at the front; entries of removed or replanned targets go when popped
  std::deque<Generation> queue_;  // first come, first served; entries of removed targets go when reached
  std::unordered_map<std::uint64_t, Lane> lanes_;
  std::unordered_map<Generation, Share> running_;  // also those that were removed meanwhile
  std::size_t waiting_ = 0;
  std::uint64_t skipped_ = 0;
};

}  // namespace registry::checks
