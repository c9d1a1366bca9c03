#include "registry/write/history.h"

#include <algorithm>
#include <iterator>

namespace registry {
namespace {

// A step of a slow start is none: an instance takes up to 31 of them, which say only that time passes.
bool is_transition(const Change& change) {
  return change.op != ChangeOp::weight && (change.kind == ChangeKind::instance || change.kind == ChangeKind::guard);
}

std::string cause_of(const Change& change) {
  if (change.op == ChangeOp::put) return "registered";
  if (change.op == ChangeOp::remove) return "deregistered";
  return change.cause;
}

}  // namespace

void History::note(const ChangeSet& changes) {
  for (const Change& change : changes.changes) {
    if (is_transition(change)) add(changes, change);
  }
}

void History::add(const ChangeSet& changes, const Change& change) {
  const auto at = lanes_.try_emplace(change.service).first;
  Lane& lane = at->second;
  all_.push_back({changes.revision, changes.at, change.kind, change.op, change.available, &at->first, change.id,
                  change.reason, cause_of(change)});
  lane.push_back(std::prev(all_.cend()));
  if (lane.size() > per_service_) drop_first(lane);
  if (all_.size() <= total_) return;
  const auto oldest = lanes_.find(*all_.front().service);
  drop_first(oldest->second);  // each lane is in order, so the oldest of all is the first of its lane
  if (oldest->second.empty()) lanes_.erase(oldest);
}

void History::drop_first(Lane& lane) {
  all_.erase(lane.front());
  lane.erase(lane.begin());
}

std::vector<const Transition*> History::last(std::size_t limit, std::string_view service, std::string_view id) const {
  std::vector<const Transition*> out;
  const auto take = [&](const Transition& each) {
    if (id.empty() || each.id == id) out.push_back(&each);
    return out.size() < limit;
  };
  if (limit == 0) return out;
  if (service.empty()) {
    for (auto each = all_.rbegin(); each != all_.rend() && take(*each); ++each) {
    }
    return out;
  }
  const auto lane = lanes_.find(service);
  if (lane == lanes_.end()) return out;
  for (auto each = lane->second.rbegin(); each != lane->second.rend() && take(**each); ++each) {
  }
  return out;
}

}  // namespace registry
