#include "registry/store/worker.h"

#include <fmt/format.h>
#include <pthread.h>
#include <sys/resource.h>

#include <algorithm>
#include <type_traits>
#include <utility>

namespace registry::store {
namespace {

constexpr int kQuietCheckpoint = 1000;     // pages of WAL that are moved when nothing else is to do (4 MiB)
constexpr int kForcedCheckpoint = 16384;   // and whatever is to do (64 MiB): bounds the WAL
constexpr std::chrono::seconds kRetry{1};  // until a failed write-behind is tried again

// By how many the things grow that the log tells of.
std::int64_t gain_of(const Effect& effect) {
  return std::visit(
      [](const auto& e) -> std::int64_t {
        using Kind = std::decay_t<decltype(e)>;
        if constexpr (requires { e.created; }) return e.created == e.revision ? 1 : 0;
        if constexpr (std::is_same_v<Kind, DeleteNamespaceEffect> || std::is_same_v<Kind, DeleteServiceEffect> ||
                      std::is_same_v<Kind, DeleteInstanceEffect>) {
          return -1;
        }
        return 0;
      },
      effect);
}

}  // namespace

SqliteLog::Worker::Worker(DataFolder folder, LogFile file, std::size_t live, const Options& options, Post post)
    : options_(options), post_(std::move(post)), folder_(std::move(folder)), file_(std::move(file)), counted_(live) {
  take_figures();
  thread_ = std::thread([this] { run(); });
}

SqliteLog::Worker::~Worker() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void SqliteLog::Worker::commit(const Record& record, Committed done) {
  {
    const std::lock_guard lock(mutex_);
    commits_.push_back({&record, std::move(done)});
  }
  wake_.notify_one();
}

void SqliteLog::Worker::write_behind(std::vector<Effect> effects, Revision reached) {
  std::vector<codec::Row> rows;
  rows.reserve(effects.size());
  for (const Effect& effect : effects) rows.push_back(codec::encode(effect));
  {
    const std::lock_guard lock(mutex_);
    for (codec::Row& row : rows) pending_.put(std::move(row));
    reached_ = std::max(reached_, reached);
    // Also without rows: the high-water mark must keep its distance.
    if (flush_at_) return;
    flush_at_ = Clock::now() + options_.flush_after;
  }
  wake_.notify_one();
}

void SqliteLog::Worker::backup(std::filesystem::path target, Committed done) {
  {
    const std::lock_guard lock(mutex_);
    backups_.push_back({std::move(target), std::move(done)});
  }
  wake_.notify_one();
}

void SqliteLog::Worker::close(Revision reached) {
  {
    const std::lock_guard lock(mutex_);
    closing_ = reached;
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

Stats SqliteLog::Worker::stats() const {
  const std::lock_guard lock(mutex_);
  return stats_;
}

void SqliteLog::Worker::run() {
  pthread_setname_np(pthread_self(), "dnsd-store");
  setpriority(PRIO_PROCESS, 0, 5);  // of this thread, on Linux: DNS goes first (MECHANISMS 10)
  std::unique_lock lock(mutex_);
  while (true) {
    wait(lock);
    std::optional<CommitJob> job;
    if (!commits_.empty()) {
      job = std::move(commits_.front());
      commits_.pop_front();
    }
    if (!backup_job_ && !backups_.empty()) {
      backup_job_ = std::move(backups_.front());
      backups_.pop_front();
    }
    const bool due = flush_at_ && Clock::now() >= *flush_at_;
    const bool stop = stopping_ && !job;
    lock.unlock();
    if (job) commit(*std::move(job));
    if (due && !job) flush();
    if (stop) return finish();
    background();
    lock.lock();
  }
}

void SqliteLog::Worker::wait(std::unique_lock<std::mutex>& lock) {
  const auto ready = [&] { return stopping_ || !commits_.empty() || !backups_.empty(); };
  if (has_background() || ready()) return;
  if (!flush_at_) {
    wake_.wait(lock, [&] { return ready() || flush_at_; });
  } else {
    wake_.wait_until(lock, *flush_at_, ready);
  }
}

// A commit takes along what waits to be written behind, so that every key's rows are in order.
void SqliteLog::Worker::commit(CommitJob job) {
  const auto begin = Clock::now();
  std::vector<codec::Row> rows;
  rows.reserve(job.record->effects.size());
  std::int64_t gained = 0;
  for (const Effect& effect : job.record->effects) {
    rows.push_back(codec::encode(effect));
    gained += gain_of(effect);
  }
  auto problem = write(std::move(rows), job.record->revision, gained);
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begin);
  {
    const std::lock_guard lock(mutex_);
    ++(problem ? stats_.failures : stats_.commits);
    stats_.last_sync = took;
    stats_.worst_sync = std::max(stats_.worst_sync, took);
  }
  post_([done = std::move(job.done), problem = std::move(problem)]() mutable { done(std::move(problem)); });
}

void SqliteLog::Worker::flush() {
  if (!write({}, 0, 0)) return;
  const std::lock_guard lock(mutex_);
  ++stats_.failures;
}

std::optional<Problem> SqliteLog::Worker::write(std::vector<codec::Row> rows, Revision revision, std::int64_t gained) {
  std::vector<codec::Row> behind;
  Revision reached = 0;
  {
    const std::lock_guard lock(mutex_);
    behind = pending_.take();
    reached = reached_;
    flush_at_.reset();
  }
  const bool raise = std::max(revision, reached) + kRevisionBlock / 2 > file_.high_water();
  if (rows.empty() && behind.empty() && !raise) return std::nullopt;
  // First what was observed: a tombstone of this commit ends the states that wait.
  std::vector<codec::Row> all = behind;
  std::ranges::move(rows, std::back_inserter(all));
  Sql<> done;
  if (needs_repair_) done = file_.repair();
  if (done) done = file_.append(all, std::max(revision, reached), reached);
  if (done) {
    needs_repair_ = false;
    gained_ += gained;
    take_figures();
    return std::nullopt;
  }
  auto problem = broken(done.error());
  const std::lock_guard lock(mutex_);
  pending_.put_back(std::move(behind));
  if (!flush_at_) flush_at_ = Clock::now() + kRetry;
  return problem;
}

// Nothing is promised after a failure: the file is opened anew and compared with what was acknowledged, now or, where
// the disk does not allow it yet, before the next write. That is also how it recovers once there is space again.
std::optional<Problem> SqliteLog::Worker::broken(const SqlError& error) {
  compaction_.reset();
  const bool had_backup = backup_.has_value();
  backup_.reset();  // it holds the old connection
  needs_repair_ = !file_.repair();
  const std::string file = file_.path().string();
  Problem problem;
  if (error.disk_full()) {
    problem = {ProblemKind::disk_full,
               fmt::format("the disk of {} is full; nothing was changed", file),
               {},
               "free some space; writes succeed again as soon as there is some"};
  } else {
    problem = {ProblemKind::store_unavailable,
               fmt::format("cannot write {}: {}; nothing was changed", file, error.message),
               {},
               "dnsd tries again with the next write; DNS goes on meanwhile"};
  }
  if (had_backup) end_backup(problem);
  return problem;
}

void SqliteLog::Worker::background() {
  if (needs_repair_) {
    if (backup_job_) {
      end_backup(Problem{ProblemKind::store_unavailable, "the store cannot be read just now", {}, "try again later"});
    }
    return;
  }
  if (!compaction_ && file_.rows() > 2 * (live() + options_.kept_tail)) {
    compaction_.emplace(file_, options_.kept_tail);
    gained_ = 0;
  }
  if (compaction_) compact();
  if (backup_job_ && !needs_repair_) continue_backup();
  const bool quiet = file_.wal_pages() > kQuietCheckpoint && !has_background();
  if (!needs_repair_ && (quiet || file_.wal_pages() > kForcedCheckpoint)) {
    if (auto moved = file_.checkpoint(); !moved) (void)broken(moved.error());
  }
}

void SqliteLog::Worker::compact() {
  const auto more = compaction_->step();
  if (!more) {
    (void)broken(more.error());
  } else if (!*more) {
    counted_ = compaction_->live();
    compaction_.reset();
    take_figures();
  }
}

void SqliteLog::Worker::continue_backup() {
  const auto failed = [&](const SqlError& error) {
    const auto kind = error.disk_full() ? ProblemKind::disk_full : ProblemKind::store_unavailable;
    end_backup(Problem{kind, fmt::format("cannot write {}: {}", backup_job_->target.string(), error.message), {}, {}});
  };
  if (!backup_) {
    auto started = Backup::start(file_, backup_job_->target);
    if (!started) return failed(started.error());
    backup_.emplace(*std::move(started));
  }
  const auto more = backup_->step();
  if (!more) return failed(more.error());
  if (*more) return;
  const auto finished = backup_->finish();
  if (!finished) return failed(SqlError{SQLITE_IOERR, 0, finished.error()});
  end_backup(std::nullopt);
}

void SqliteLog::Worker::end_backup(std::optional<Problem> problem) {
  backup_.reset();
  if (!backup_job_) return;
  post_([done = std::move(backup_job_->done), problem = std::move(problem)]() mutable { done(std::move(problem)); });
  backup_job_.reset();
}

void SqliteLog::Worker::finish() {
  std::optional<Revision> closing;
  std::deque<BackupJob> waiting;
  {
    const std::lock_guard lock(mutex_);
    closing = closing_;
    waiting.swap(backups_);
  }
  const auto stopping = [] { return Problem{ProblemKind::store_unavailable, "dnsd is stopping", {}, {}}; };
  end_backup(stopping());
  for (BackupJob& job : waiting)
    post_([done = std::move(job.done), problem = stopping()]() mutable { done(std::move(problem)); });
  if (!closing) return;
  // The clean mark says that nothing is missing, so it is set only when that is so.
  if (write({}, 0, 0) || needs_repair_) return;
  (void)file_.close_cleanly(*closing);
}

std::uint64_t SqliteLog::Worker::live() const {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(static_cast<std::int64_t>(counted_) + gained_, 0));
}

void SqliteLog::Worker::take_figures() {
  const std::lock_guard lock(mutex_);
  stats_.log_rows = file_.rows();
  stats_.live_rows = live();
  stats_.bytes = file_.bytes();
}

}  // namespace registry::store
