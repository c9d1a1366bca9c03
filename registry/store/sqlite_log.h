// The commit log on one machine: an append-only change log in SQLite (MECHANISMS 9), written by a thread of its own,
// so that a slow fsync stops neither DNS nor health checks nor HTTP.
//
// Threads: members are called on the control thread; the store thread begins with load() and ends with close() or
// the destructor; results come back through `post`.
// Bounds: one commit at a time (CommitLog's contract); write-behind is coalesced by key.
#pragma once

#include <memory>

#include "registry/store/commit_log.h"
#include "registry/store/memory_log.h"

namespace registry::store {

class SqliteLog final : public CommitLog {
 public:
  struct Options {
    std::filesystem::path folder = "dnsd-data";
    const char* vfs = nullptr;         // SQLite's file system; null = the default (tests break disks through another)
    Millis flush_after{500};           // observations are on disk within a second: half to gather, half to write
    std::uint64_t kept_tail = 10'000;  // newest rows that compaction leaves: the journal of the recent past
  };
  SqliteLog(Options options, Post post);
  ~SqliteLog() override;  // without close(): as after a crash, but what was asked to be committed is finished

  [[nodiscard]] std::expected<Loaded, std::string> load() override;
  void commit(const Record& record, Committed done) override;
  void write_behind(std::vector<Effect> effects, Revision reached) override;
  void backup(std::filesystem::path target, Committed done) override;
  void close(Revision reached) override;
  [[nodiscard]] Stats stats() const override;

 private:
  class Worker;
  Options options_;
  Post post_;
  std::unique_ptr<Worker> worker_;
};

}  // namespace registry::store
