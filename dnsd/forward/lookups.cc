#include "dnsd/forward/lookups.h"

#include <algorithm>
#include <utility>

namespace dnsd::forward {
namespace {

// Another upstream may know better: these speak of the server, not of the name.
bool is_error(const Said& said) {
  switch (said.rcode) {
    case wire::Rcode::formerr:
    case wire::Rcode::servfail:
    case wire::Rcode::notimp:
    case wire::Rcode::refused:
      return true;
    default:
      return false;
  }
}

}  // namespace

Lookups::Lookups(std::size_t upstreams, std::size_t tries, Ask ask, Cache& cache, std::uint64_t hash_key, Clock clock)
    : tries_(tries),
      ask_(std::move(ask)),
      cache_(cache),
      clock_(std::move(clock)),
      pending_(16, QuestionHash{hash_key}),
      upstreams_(upstreams) {}

void Lookups::resolve(const Question& question, From from, Done done) {
  ++counts_.questions;
  if (const auto hit = cache_.find(question, clock_())) {
    ++counts_.from_cache;
    return done(*hit->said, hit->age);
  }
  const auto same = pending_.find(question);
  if (same != pending_.end() && from == From::upstream) {
    ++counts_.loops;
    return done(*failure(wire::ede::other, "forwarding loop"), seconds(0));
  }
  if (waiting_ >= kMaxWaiting || (same == pending_.end() && pending_.size() >= kMaxQuestions)) {
    ++counts_.overload;
    return done(*failure(wire::ede::other, "too many questions under way"), seconds(0));
  }
  ++waiting_;
  if (same != pending_.end()) {
    ++counts_.joined;
    same->second->waiting.push_back(std::move(done));
    return;
  }
  auto& pending = *pending_.emplace(question, std::make_unique<Pending>()).first->second;
  pending.waiting.push_back(std::move(done));
  pending.order = order();
  try_next(question, pending);
}

// The one that answered last, then the others as configured.
std::vector<std::size_t> Lookups::order() const {
  std::vector<std::size_t> out{last_good_};
  for (std::size_t i = 0; i < upstreams_.size(); ++i) {
    if (i != last_good_) out.push_back(i);
  }
  return out;
}

void Lookups::try_next(const Question& question, Pending& pending) {
  ++pending.tries;
  ++counts_.asked;
  const std::size_t upstream = pending.order.front();
  ask_(upstream, question, [this, question, upstream](const Outcome& outcome) { tried(question, upstream, outcome); });
}

void Lookups::count(std::size_t upstream, const Outcome& outcome) {
  auto& counts = upstreams_[upstream];
  switch (outcome.kind) {
    case Outcome::Kind::said:
      ++(is_error(*outcome.said) ? counts.errors : counts.said);
      return;
    case Outcome::Kind::timeout:
      ++counts.timeouts;
      return;
    case Outcome::Kind::unreachable:
      ++counts.unreachable;
      return;
    case Outcome::Kind::malformed:
      ++counts.malformed;
      return;
  }
}

void Lookups::tried(const Question& question, std::size_t upstream, const Outcome& outcome) {
  count(upstream, outcome);
  Pending& pending = *pending_.find(question)->second;
  auto& order = pending.order;
  const bool said = outcome.kind == Outcome::Kind::said;
  if (said && !is_error(*outcome.said)) {
    last_good_ = upstream;
    return finish(question, outcome.said);
  }
  if (said) pending.error = outcome.said;
  if (outcome.kind == Outcome::Kind::timeout) {
    pending.timed_out = true;
    std::rotate(order.begin(), order.begin() + 1, order.end());  // datagrams get lost: it may have another turn
  } else {
    order.erase(order.begin());  // would do the same again
  }
  if (!order.empty() && pending.tries < tries_) return try_next(question, pending);
  ++counts_.failed;
  if (pending.error) {
    auto error = std::make_shared<Said>(*pending.error);
    error->lifetime = kFailureTtl;
    return finish(question, std::move(error));
  }
  finish(question, pending.timed_out ? failure(wire::ede::no_reachable_authority, "no upstream answered in time")
                                     : failure(wire::ede::network_error, "no upstream could be reached"));
}

// Out of the table first: who is told may ask again at once.
void Lookups::finish(const Question& question, SaidPtr said) {
  auto pending = std::move(pending_.extract(question).mapped());
  cache_.put(question, said, clock_());
  waiting_ -= pending->waiting.size();
  for (auto& done : pending->waiting) done(*said, seconds(0));
}

}  // namespace dnsd::forward
