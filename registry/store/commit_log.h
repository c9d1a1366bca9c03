// The seam between the write path and what keeps its facts: SQLite (sqlite_log.h), memory (memory_log.h), later etcd.
//
// Owner: the control thread calls every member; `Committed` runs on the control thread as well (the implementation
// posts it there). One commit is outstanding at a time; write-behind may go on beside it.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "registry/effect.h"
#include "registry/problem.h"

namespace registry::store {

struct Loaded {
  std::vector<Effect> effects;  // latest per key, tombstones left out
  Revision high_water = 0;      // no revision above it was ever handed out
  Revision last = 0;            // the last revision that the store shows; high_water after an orderly end
  bool clean = true;            // the last run closed the store in order
  // What may have been handed out and is not shown: Registry::restore's `lost`.
  [[nodiscard]] Revision lost() const { return high_water - last; }
};

struct Stats {
  std::uint64_t commits = 0, failures = 0;
  std::chrono::microseconds last_sync{}, worst_sync{};
  std::uint64_t log_rows = 0, live_rows = 0;
  std::uintmax_t bytes = 0;
  std::string kind;  // "memory", "sqlite"
};

class CommitLog {
 public:
  using Committed = std::move_only_function<void(std::optional<Problem>)>;
  virtual ~CommitLog() = default;

  // Once, before anything else. The error is one line for the operator: where, what, what to do.
  [[nodiscard]] virtual std::expected<Loaded, std::string> load() = 0;
  // Durable (fsync) before `done` hears success. disk_full and store_unavailable are the failures. The record is read
  // on the store's thread: it stays where it is, unchanged, until `done` is called or destroyed.
  virtual void commit(const Record& record, Committed done) = 0;
  // Observations: kept within a second, lost by a crash at most for that long. Also carries the revision reached,
  // so that the high-water mark is raised ahead of use.
  virtual void write_behind(std::vector<Effect> effects, Revision reached) = 0;
  // A consistent copy of the store in one file (SQLite's backup API), made off the control thread.
  virtual void backup(std::filesystem::path target, Committed done) = 0;
  // Orderly end: everything written, `reached` becomes the exact high-water mark.
  virtual void close(Revision reached) = 0;
  [[nodiscard]] virtual Stats stats() const = 0;
};

}  // namespace registry::store
