#include "registry/checks/schedule.h"

#include <algorithm>

namespace registry::checks {
namespace {

// Up to 1/64 of the interval is added at random to each turn, so that targets that were registered together drift
// apart. Only added: a shorter interval would let a state flip before the horizon that DNS answers promised.
constexpr int kJitterPart = 64;

// Entries of removed targets are dropped lazily; over twice the live ones plus this many, all at once.
constexpr std::size_t kSlack = 1024;

}  // namespace

Schedule::Schedule(std::size_t cap, std::uint64_t seed)
    : cap_(std::max<std::size_t>(cap, 1)), random_(static_cast<std::minstd_rand::result_type>(seed)) {}

Schedule::Item* Schedule::find(Generation target) {
  const auto it = items_.find(target);
  return it == items_.end() ? nullptr : &it->second;
}

void Schedule::plan(Generation target, Item& item, Mono at) {
  heap_.push_back({at, target, ++item.stamp});
  std::ranges::push_heap(heap_, Later{});
}

void Schedule::enqueue(Generation target, Item& item) {
  item.state = State::waiting;
  ++item.stamp;
  ++waiting_;
  queue_.push_back(target);
}

Mono Schedule::after_interval(const Item& item, Mono now) {
  const auto most = std::chrono::duration_cast<std::chrono::microseconds>(item.interval).count() / kJitterPart;
  std::uniform_int_distribution<std::int64_t> jitter(0, most);
  return now + item.interval + std::chrono::microseconds(jitter(random_));
}

void Schedule::add(Generation target, Millis interval, Mono first, Share share) {
  auto [it, fresh] = items_.try_emplace(target);
  if (!fresh) return;  // generations are never used twice
  it->second.interval = interval;
  it->second.share = {share.of, std::max<std::size_t>(share.most, 1)};
  plan(target, it->second, first);
}

void Schedule::remove(Generation target) {
  const auto it = items_.find(target);
  if (it == items_.end()) return;
  const bool waited = it->second.state == State::waiting;
  const Share share = it->second.share;
  items_.erase(it);
  if (waited) {
    --waiting_;
    call_back(share);  // the one that is gone may have been called back itself
  }
  compact();
}

void Schedule::restart(Generation target, Mono now) {
  Item* item = find(target);
  if (item == nullptr || item->state == State::waiting) return;
  if (item->state == State::running) {
    item->again = true;
  } else {
    plan(target, *item, now);
  }
}

void Schedule::set_interval(Generation target, Millis interval, Mono now) {
  Item* item = find(target);
  if (item == nullptr || item->interval == interval) return;
  const bool sooner = interval < item->interval;
  item->interval = interval;
  if (!sooner || item->state == State::waiting) return;
  plan(target, *item, std::max(now, item->last + interval));
}

bool Schedule::stale(const Due& due) const {
  const auto it = items_.find(due.target);
  return it == items_.end() || it->second.stamp != due.stamp;
}

void Schedule::advance(Mono now) {
  while (!heap_.empty() && heap_.front().at <= now) {
    const Due due = heap_.front();
    std::ranges::pop_heap(heap_, Later{});
    heap_.pop_back();
    if (stale(due)) continue;
    Item& item = items_.find(due.target)->second;
    if (item.state == State::running) {
      ++skipped_;
      plan(due.target, item, after_interval(item, now));
    } else {
      enqueue(due.target, item);
    }
  }
}

std::optional<Generation> Schedule::take(Mono now) {
  while (running_.size() < cap_ && !queue_.empty()) {
    const Generation target = queue_.front();
    queue_.pop_front();
    Item* item = find(target);
    if (item == nullptr || item->state != State::waiting) continue;
    Lane& lane = lanes_[item->share.of];
    if (lane.running >= item->share.most) {
      set_aside(target, lane);
      continue;
    }
    ++lane.running;
    item->state = State::running;
    item->last = now;
    --waiting_;
    running_.emplace(target, item->share);
    plan(target, *item, after_interval(*item, now));
    return target;
  }
  return std::nullopt;
}

void Schedule::finished(Generation target) {
  const auto place = running_.find(target);
  if (place == running_.end()) return;
  const Share share = place->second;
  running_.erase(place);
  --lanes_.at(share.of).running;
  call_back(share);
  Item* item = find(target);
  if (item == nullptr) return;
  item->state = State::idle;
  if (!item->again) return;
  item->again = false;
  enqueue(target, *item);
}

bool Schedule::is_waiting(Generation target) const {
  const auto it = items_.find(target);
  return it != items_.end() && it->second.state == State::waiting;
}

void Schedule::set_aside(Generation target, Lane& lane) {
  lane.aside.push_back(target);
  if (lane.aside.size() > 2 * waiting_ + kSlack) {
    std::erase_if(lane.aside, [this](Generation each) { return !is_waiting(each); });
  }
}

void Schedule::call_back(Share share) {
  const auto it = lanes_.find(share.of);
  if (it == lanes_.end()) return;
  Lane& lane = it->second;
  while (lane.running < share.most && !lane.aside.empty()) {
    const Generation target = lane.aside.front();
    lane.aside.pop_front();
    if (!is_waiting(target)) continue;
    queue_.push_front(target);
    break;
  }
  if (lane.running == 0 && lane.aside.empty()) lanes_.erase(it);
}

std::optional<Mono> Schedule::next() {
  while (!heap_.empty() && stale(heap_.front())) {
    std::ranges::pop_heap(heap_, Later{});
    heap_.pop_back();
  }
  if (heap_.empty()) return std::nullopt;
  return heap_.front().at;
}

void Schedule::compact() {
  if (heap_.size() > 2 * items_.size() + kSlack) {
    std::erase_if(heap_, [this](const Due& due) { return stale(due); });
    std::ranges::make_heap(heap_, Later{});
  }
  if (queue_.size() > 2 * waiting_ + kSlack) {
    std::erase_if(queue_, [this](Generation target) { return !is_waiting(target); });
  }
}

}  // namespace registry::checks
