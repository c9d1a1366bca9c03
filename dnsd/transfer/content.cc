#include "dnsd/transfer/content.h"

#include <algorithm>
#include <utility>

#include "dnsd/transfer/view.h"

namespace dnsd::transfer {

std::shared_ptr<const RecordList> Walk::next() {
  if (aborted_) return nullptr;
  if (statics_) return std::exchange(statics_, nullptr);
  const auto content = content_.lock();
  if (!content) {  // the zone is gone
    aborted_ = true;
    return nullptr;
  }
  while (true) {
    const auto live = content->parts_.upper_bound(last_);
    const auto kept = kept_.upper_bound(last_);
    const bool is_kept = kept != kept_.end() && (live == content->parts_.end() || kept->first <= live->first);
    if (!is_kept && live == content->parts_.end()) return nullptr;
    const Part part = is_kept ? kept->second : live->second;
    last_ = is_kept ? kept->first : live->first;
    if (is_kept) kept_.erase(kept);
    if (part) return std::make_shared<const RecordList>(content->records_of(part));
  }
}

RecordList Content::records_of(const Part& part) const {
  if (part.records) return *part.records;
  return part.block ? service_records(*part.block, apex_, list_ttl_) : RecordList{};
}

std::shared_ptr<Walk> Content::walk() const {
  auto walk = std::make_shared<Walk>();
  walk->content_ = weak_from_this();
  walk->soa_ = soa_;
  walk->statics_ = statics_;
  std::erase_if(walks_, [](const auto& each) { return each.expired(); });
  walks_.push_back(walk);
  return walk;
}

// Before the block of `key` is replaced: walks that have not come to it yet keep it as it was when they began.
void Content::keep_for_walks(const std::string& key) {
  for (const auto& weak : walks_) {
    const auto walk = weak.lock();
    if (!walk || walk->aborted_ || key <= walk->last_) continue;
    const auto live = parts_.find(key);
    walk->kept_.emplace(key, live == parts_.end() ? Part{} : live->second);  // the first one counts
    if (walk->kept_.size() <= Walk::kMaxKept) continue;
    walk->aborted_ = true;
    walk->kept_.clear();
  }
}

void Content::reset(Soa soa, RecordList statics, Parts parts) {
  for (const auto& weak : walks_) {
    if (const auto walk = weak.lock()) walk->aborted_ = true;
  }
  walks_.clear();
  steps_.clear();
  step_octets_ = 0;
  soa_ = std::move(soa);
  statics_ = std::make_shared<const RecordList>(std::move(statics));
  parts_ = std::move(parts);
  octets_ = statics_->octets();
  for (const auto& [key, part] : parts_) octets_ += records_of(part).octets();
}

void Content::advance(Soa soa, std::shared_ptr<const RecordList> statics, const Parts& touched) {
  auto step = std::make_shared<Step>();
  step->from = soa_;
  step->to = soa;
  if (statics) append_difference(*statics_, *statics, step->difference);
  for (const auto& [key, part] : touched) {
    const auto live = parts_.find(key);
    append_difference(live == parts_.end() ? RecordList{} : records_of(live->second), records_of(part),
                      step->difference);
    keep_for_walks(key);
    if (part) {
      parts_[key] = part;
    } else if (live != parts_.end()) {
      parts_.erase(live);
    }
  }
  if (statics) statics_ = std::move(statics);  // walks hold the one they began with
  soa_ = std::move(soa);
  octets_ += step->difference.added.octets();
  octets_ -= std::min(octets_, step->difference.removed.octets());
  step_octets_ += step->difference.added.octets() + step->difference.removed.octets();
  steps_.push_back(std::move(step));
  trim();
}

void Content::trim() {
  while (!steps_.empty() && (steps_.size() > kMaxSteps || step_octets_ > kMaxStepOctets)) {
    const Difference& oldest = steps_.front()->difference;
    step_octets_ -= oldest.added.octets() + oldest.removed.octets();
    steps_.pop_front();
  }
}

std::optional<Steps> Content::steps_since(std::uint32_t serial) const {
  const auto first = std::ranges::find_if(steps_, [&](const auto& step) { return step->from.serial == serial; });
  if (first == steps_.end()) return std::nullopt;
  std::size_t octets = 0;
  for (auto step = first; step != steps_.end(); ++step)
    octets += (*step)->difference.added.octets() + (*step)->difference.removed.octets();
  if (octets > octets_) return std::nullopt;
  return Steps(first, steps_.end());
}

}  // namespace dnsd::transfer
