// A consistent copy of the database in one file, made in steps between commits by SQLite's own backup interface. What
// is committed meanwhile through the same connection is in the copy. Store thread.
#pragma once

#include <expected>
#include <filesystem>
#include <memory>
#include <string>

#include "registry/store/log_file.h"

namespace registry::store {

class Backup {
 public:
  [[nodiscard]] static Sql<Backup> start(LogFile& file, std::filesystem::path target);
  Backup(Backup&&) noexcept = default;
  Backup& operator=(Backup&&) = delete;
  ~Backup();  // unfinished: nothing stays behind

  // Some pages more; false when all are copied.
  [[nodiscard]] Sql<bool> step();
  // Puts the copy, synced, in its place.
  [[nodiscard]] std::expected<void, std::string> finish();

 private:
  Backup(std::filesystem::path target, std::filesystem::path draft, Database copy, sqlite3_backup* handle)
      : target_(std::move(target)), draft_(std::move(draft)), copy_(std::move(copy)), handle_(handle) {}
  struct Finish {
    void operator()(sqlite3_backup* backup) const { sqlite3_backup_finish(backup); }
  };
  std::filesystem::path target_, draft_;
  Database copy_;
  std::unique_ptr<sqlite3_backup, Finish> handle_;  // after copy_: finished before it closes
};

}  // namespace registry::store
