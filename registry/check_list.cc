#include "registry/check_list.h"

#include <xxhash.h>

#include <algorithm>
#include <string>

namespace registry {
namespace {

// Lists of one hash that are compared: fewer than differ only in what the hash leaves out would be a linear search
// that a client could make as long as it likes. The rest is not shared, which costs memory and nothing else.
constexpr int kLookedAt = 8;

// Cheap, not complete: what usually tells two lists apart.
std::uint64_t hash_of(const std::vector<CheckDef>& checks) {
  std::uint64_t hash = checks.size();
  const auto add = [&hash](const std::string& text) { hash = XXH3_64bits_withSeed(text.data(), text.size(), hash); };
  const auto mix = [&hash](auto... numbers) {
    const std::int64_t all[] = {static_cast<std::int64_t>(numbers)...};
    hash = XXH3_64bits_withSeed(all, sizeof all, hash);
  };
  for (const CheckDef& check : checks) {
    add(check.name);
    add(check.http.path);
    add(check.http.host);
    add(check.grpc.service);
    add(check.dns.name);
    add(check.alias);
    for (const std::string& argument : check.exec) add(argument);
    mix(check.kind, own_port(check).value_or(0), check.lease.count(), check.interval.count(), check.timeout.count(),
        check.rise, check.fall, check.ok, check.family);
  }
  return hash;
}

}  // namespace

void CheckPool::intern(CheckList& checks) {
  if (checks.empty()) return;
  const std::uint64_t hash = hash_of(checks);
  const auto [begin, end] = lists_.equal_range(hash);
  int looked_at = 0;
  for (auto it = begin; it != end && looked_at < kLookedAt; ++it, ++looked_at) {
    auto known = it->second.lock();
    if (known == nullptr) {
      it->second = checks.list_;  // the place of one that nobody uses any more
      return;
    }
    if (known != checks.list_ && *known != *checks.list_) continue;
    checks.list_ = std::move(known);
    return;
  }
  if (looked_at == kLookedAt) return;
  lists_.emplace(hash, checks.list_);
  if (lists_.size() >= sweep_at_) sweep();
}

// Costs what was added since the last time.
void CheckPool::sweep() {
  std::erase_if(lists_, [](const auto& each) { return each.second.expired(); });
  sweep_at_ = std::max<std::size_t>(64, 2 * lists_.size());
}

}  // namespace registry
