#include "registry/store/liveness.h"

namespace registry::store {

bool Liveness::ended(char kind, std::string_view path) {
  parent_.assign(1, kind);
  parent_ += '/';
  parent_ += path;
  return ended_.contains(hash_of(parent_));
}

bool Liveness::parent_ended(std::string_view key) {  // i/service/id, d/service/id, c/service/id/check
  if (ended_.empty() || key.size() < 3) return false;
  const char kind = key[0];
  if (kind != 'i' && kind != 'd' && kind != 'c') return false;
  const std::string_view path = key.substr(2);
  const std::size_t service = path.find('/');
  if (ended('s', path.substr(0, service))) return true;
  if (kind == 'i' || service == path.npos) return false;
  return ended('i', path.substr(0, path.find('/', service + 1)));
}

Liveness::Verdict Liveness::judge(std::string_view key, bool tombstone) {
  const bool over = parent_ended(key);
  const Hash hash = hash_of(key);
  const bool newest = seen_.insert(hash).second;
  // Also a tombstone that was itself overtaken ended what came before it.
  if (tombstone && (key.starts_with("s/") || key.starts_with("i/"))) ended_.insert(hash);
  if (over || !newest) return Verdict::superseded;
  if (tombstone) return Verdict::tombstone;
  ++live_;
  return Verdict::live;
}

}  // namespace registry::store
