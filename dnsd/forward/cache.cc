#include "dnsd/forward/cache.h"

#include <xxhash.h>

#include <utility>

namespace dnsd::forward {

std::size_t QuestionHash::operator()(const Question& question) const noexcept {
  const std::uint64_t rest =
      question.type | std::uint64_t{question.dnssec_ok} << 16 | std::uint64_t{question.checking_disabled} << 17;
  return XXH3_64bits_withSeed(question.name.data(), question.name.size(), key ^ rest);
}

std::size_t Cache::Entry::octets() const {
  // The question stands in the list and in the index; a node of each has two pointers beside.
  return 2 * (sizeof(Question) + question.name.capacity()) + sizeof(Entry) + 8 * sizeof(void*) + said->octets();
}

std::optional<Cache::Hit> Cache::find(const Question& question, registry::Mono now) {
  const auto at = index_.find(question);
  if (at == index_.end()) return std::nullopt;
  const Entry& entry = *at->second;
  const auto age = std::chrono::floor<seconds>(now - entry.since);
  if (age >= entry.said->lifetime) {
    drop(at);
    return std::nullopt;
  }
  entries_.splice(entries_.begin(), entries_, at->second);
  return Hit{entry.said, age};
}

void Cache::put(const Question& question, SaidPtr said, registry::Mono now) {
  if (const auto old = index_.find(question); old != index_.end()) drop(old);
  if (said->lifetime <= seconds(0)) return;
  entries_.push_front({question, std::move(said), now});
  const std::size_t size = entries_.front().octets();
  if (size > limit_) return entries_.pop_front();
  index_.emplace(question, entries_.begin());
  octets_ += size;
  while (octets_ > limit_) drop(index_.find(entries_.back().question));
}

void Cache::drop(Index::iterator at) {
  octets_ -= at->second->octets();
  entries_.erase(at->second);
  index_.erase(at);
}

}  // namespace dnsd::forward
