// Test code: a SQLite file system over the real one that fails when told to, and that knows what would be on the disk
// after a power cut. Writes count as lost until a sync of their file succeeds.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace registry::store {

class FaultVfs {
 public:
  explicit FaultVfs(std::string name);  // registers itself under `name`
  ~FaultVfs();
  FaultVfs(const FaultVfs&) = delete;
  FaultVfs& operator=(const FaultVfs&) = delete;

  [[nodiscard]] const char* name() const { return name_.c_str(); }

  enum class Op : std::uint8_t { write, sync, truncate };
  // Asked before every operation; a result code other than SQLITE_OK is what the operation gives.
  using Judge = std::function<int(Op)>;
  void set_judge(Judge judge);

  // Leaves in `folder` what a power cut could leave now of every file: what was synced, and of each later write all,
  // nothing, or some of its 512-octet sectors.
  void cut(std::mt19937& dice, const std::filesystem::path& folder) const;

 private:
  struct Change {  // unsynced
    std::int64_t offset = 0;
    std::string bytes;
    bool truncate = false;
  };
  struct Image {
    std::string durable;
    std::vector<Change> changes;
  };
  struct File;
  static File& as_file(sqlite3_file* file);
  static int open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out);
  static int write(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset);
  static int sync(sqlite3_file* file, int flags);
  static int truncate(sqlite3_file* file, sqlite3_int64 size);
  [[nodiscard]] int judge(Op op);
  void record(const std::string& path, Change change);

  std::string name_;
  sqlite3_vfs* real_;
  sqlite3_vfs vfs_{};
  mutable std::mutex mutex_;
  Judge judge_;
  std::map<std::string, Image> images_;
};

}  // namespace registry::store
