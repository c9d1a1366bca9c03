#include "dnsd/transfer/fetch_queue.h"

#include <utility>

namespace dnsd::transfer {

void FetchQueue::put(const std::string& apex, const std::string& primary, bool urgent) {
  if (const auto at = places_.find(apex); at != places_.end()) {
    if (at->second.primary == primary && (at->second.urgent || !urgent)) return;
    forget(apex);
  }
  places_.insert_or_assign(apex, Place{primary, urgent});
  Line& line = lines_[primary];
  (urgent ? line.urgent : line.waiting).push_back(apex);
}

void FetchQueue::forget(const std::string& apex) {
  const auto at = places_.find(apex);
  if (at == places_.end()) return;
  const Place place = std::move(at->second);
  places_.erase(at);
  Line& line = lines_.at(place.primary);
  std::erase(place.urgent ? line.urgent : line.waiting, apex);
  drop_if_idle(place.primary);
}

std::optional<FetchQueue::Turn> FetchQueue::take() {
  if (running_ >= kMaxFetches) return std::nullopt;
  for (const auto which : {&Line::urgent, &Line::waiting}) {
    auto at = lines_.upper_bound(last_);
    for (std::size_t left = lines_.size(); left != 0; --left, ++at) {
      if (at == lines_.end()) at = lines_.begin();
      Line& line = at->second;
      if (line.running >= kMaxFetchesOfPrimary || (line.*which).empty()) continue;
      Turn turn{std::move((line.*which).front()), at->first};
      (line.*which).pop_front();
      places_.erase(turn.apex);
      ++line.running;
      ++running_;
      last_ = turn.primary;
      return turn;
    }
  }
  return std::nullopt;
}

void FetchQueue::done(const std::string& primary) {
  --running_;
  --lines_.at(primary).running;
  drop_if_idle(primary);
}

void FetchQueue::drop_if_idle(const std::string& primary) {
  const auto at = lines_.find(primary);
  const Line& line = at->second;
  if (line.running == 0 && line.urgent.empty() && line.waiting.empty()) lines_.erase(at);
}

}  // namespace dnsd::transfer
