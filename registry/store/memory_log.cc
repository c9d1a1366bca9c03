#include "registry/store/memory_log.h"

#include <utility>

namespace registry::store {

void MemoryLog::commit(const Record&, Committed done) {
  ++commits_;
  post_([done = std::move(done)]() mutable { done(std::nullopt); });
}

void MemoryLog::backup(std::filesystem::path, Committed done) {
  post_([done = std::move(done)]() mutable {
    done(Problem{ProblemKind::store_unavailable,
                 "the registry is kept in memory only; there is nothing to back up",
                 {},
                 "start dnsd without --dev to keep it on disk"});
  });
}

Stats MemoryLog::stats() const {
  Stats stats;
  stats.commits = commits_;
  stats.kind = "memory";
  return stats;
}

}  // namespace registry::store
