// Forgets what the log says twice, in small steps between commits. First it marks (reads the log from the newest row
// to the oldest), then it sweeps (deletes from the oldest to the newest, so that a crash between two steps never
// brings back what a later row had replaced). Store thread.
#pragma once

#include <cstdint>
#include <vector>

#include "registry/store/liveness.h"
#include "registry/store/log_file.h"

namespace registry::store {

class Compaction {
 public:
  // The newest `kept_tail` rows stay, superseded or not.
  Compaction(LogFile& file, std::uint64_t kept_tail);
  // A millisecond or two of work; false when there is nothing left to do.
  [[nodiscard]] Sql<bool> step();
  [[nodiscard]] std::size_t live() const { return liveness_.live(); }

 private:
  [[nodiscard]] Sql<bool> mark();
  [[nodiscard]] Sql<bool> sweep();

  LogFile& file_;
  Liveness liveness_;
  std::int64_t cursor_;
  std::int64_t keep_above_;
  bool marked_ = false;
  std::vector<LogFile::DeadRow> dead_;  // newest first; swept from the back
};

}  // namespace registry::store
