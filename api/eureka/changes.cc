#include "api/eureka/changes.h"

namespace api::eureka {

std::string_view to_string(Action action) {
  return action == Action::added ? "ADDED" : action == Action::modified ? "MODIFIED" : "DELETED";
}

void Changes::note(const Ref& ref, Action action, Member member, registry::Mono now) {
  const auto [at, fresh] = changes_.try_emplace(ref);
  if (!fresh) by_age_.erase({at->second.at, ref});
  at->second = {now, action, std::move(member)};
  by_age_.insert({now, ref});
  if (changes_.size() > kMaxChanged) forget_oldest();
}

bool Changes::sweep(registry::Mono now) {
  const auto before = changes_.size();
  while (!by_age_.empty() && by_age_.begin()->first + kRetention < now) forget_oldest();
  return changes_.size() != before;
}

void Changes::forget_oldest() {
  changes_.erase(by_age_.begin()->second);
  by_age_.erase(by_age_.begin());
}

}  // namespace api::eureka
