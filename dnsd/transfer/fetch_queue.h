// Which zone is fetched next: those that a primary told us about before those whose time has come, primaries in turn.
//
// Owner: the control thread. Each zone stands in it at most once.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <string>

namespace dnsd::transfer {

class FetchQueue {
 public:
  static constexpr std::size_t kMaxFetches = 8;
  // A primary that does not answer holds what it has for Fetch::kPatience: two slots, so that three such primaries
  // leave room for others.
  static constexpr std::size_t kMaxFetchesOfPrimary = 2;

  struct Turn {
    std::string apex, primary;
  };

  // To be fetched from the primary with this address. One that waits already keeps its place, or gets a better one.
  void put(const std::string& apex, const std::string& primary, bool urgent);
  void forget(const std::string& apex);
  // Who may start now; it runs until done() is called with its primary.
  [[nodiscard]] std::optional<Turn> take();
  void done(const std::string& primary);
  [[nodiscard]] std::size_t waiting() const { return places_.size(); }

 private:
  struct Line {  // of one primary
    std::deque<std::string> urgent, waiting;
    std::size_t running = 0;
  };
  struct Place {
    std::string primary;
    bool urgent = false;
  };
  void drop_if_idle(const std::string& primary);

  std::map<std::string, Line> lines_;    // by the primary's address; none that is idle
  std::map<std::string, Place> places_;  // by apex
  std::string last_;                     // the line whose turn it was
  std::size_t running_ = 0;
};

}  // namespace dnsd::transfer
