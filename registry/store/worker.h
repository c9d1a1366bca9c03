// The store thread: takes commits, writes observations behind, and does the background work (compaction, checkpoints,
// backups) in small steps between them. Internal to SqliteLog.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "registry/store/backup.h"
#include "registry/store/compaction.h"
#include "registry/store/data_folder.h"
#include "registry/store/log_file.h"
#include "registry/store/pending.h"
#include "registry/store/sqlite_log.h"

namespace registry::store {

class SqliteLog::Worker {
 public:
  Worker(DataFolder folder, LogFile file, std::size_t live, const Options& options, Post post);
  ~Worker();

  // Control thread.
  void commit(const Record& record, Committed done);
  void write_behind(std::vector<Effect> effects, Revision reached);
  void backup(std::filesystem::path target, Committed done);
  void close(Revision reached);  // returns when all is written and the thread has ended
  [[nodiscard]] Stats stats() const;

 private:
  using Clock = std::chrono::steady_clock;
  struct CommitJob {
    const Record* record = nullptr;  // alive as long as `done`
    Committed done;
  };
  struct BackupJob {
    std::filesystem::path target;
    Committed done;
  };

  // Store thread.
  void run();
  void wait(std::unique_lock<std::mutex>& lock);
  void commit(CommitJob job);
  void flush();
  void background();
  void compact();
  void continue_backup();
  void end_backup(std::optional<Problem> problem);
  void finish();
  [[nodiscard]] std::optional<Problem> write(std::vector<codec::Row> rows, Revision revision, std::int64_t gained);
  [[nodiscard]] std::optional<Problem> broken(const SqlError& error);
  [[nodiscard]] bool has_background() const { return compaction_ || backup_ || backup_job_; }
  [[nodiscard]] std::uint64_t live() const;
  void take_figures();

  const Options options_;
  const Post post_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  // Guarded by mutex_:
  std::deque<CommitJob> commits_;
  std::deque<BackupJob> backups_;
  Pending pending_;
  Revision reached_ = 0;
  std::optional<Clock::time_point> flush_at_;
  std::optional<Revision> closing_;
  bool stopping_ = false;
  Stats stats_;

  // The store thread's own:
  DataFolder folder_;
  LogFile file_;
  bool needs_repair_ = false;
  // Rows that say something: counted at load and by each compaction, and since then reckoned from what was put and
  // deleted. First check states and the states that a deletion ends are told only when it is counted again.
  std::size_t counted_ = 0;
  std::int64_t gained_ = 0;
  std::optional<Compaction> compaction_;
  std::optional<BackupJob> backup_job_;
  std::optional<Backup> backup_;

  std::thread thread_;  // last: starts when the rest is there
};

}  // namespace registry::store
