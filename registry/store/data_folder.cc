#include "registry/store/data_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace registry::store {
namespace {

namespace fs = std::filesystem;

std::string reason(int error) { return std::generic_category().message(error); }

std::string holder(int lock) {
  char text[32] = {};
  const ssize_t size = pread(lock, text, sizeof text - 1, 0);
  std::string pid(text, size > 0 ? static_cast<std::size_t>(size) : 0);
  pid.resize(std::min(pid.size(), pid.find_first_not_of("0123456789")));
  return pid.empty() ? "another process" : "process " + pid;
}

std::expected<void, std::string> make_folder(const fs::path& path) {
  std::error_code ec;
  if (fs::is_directory(path, ec)) return {};
  if (path.has_parent_path()) fs::create_directories(path.parent_path(), ec);
  if (mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return {};
  return std::unexpected(fmt::format("cannot make the data folder {}: {}", path.string(), reason(errno)));
}

}  // namespace

std::expected<DataFolder, std::string> DataFolder::hold(const fs::path& path) {
  if (auto made = make_folder(path); !made) return std::unexpected(std::move(made).error());
  const fs::path file = path / "lock";
  DataFolder folder;
  folder.path_ = path;
  folder.lock_ = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (folder.lock_ < 0) return std::unexpected(fmt::format("cannot open {}: {}", file.string(), reason(errno)));
  if (flock(folder.lock_, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    if (error != EWOULDBLOCK) return std::unexpected(fmt::format("cannot lock {}: {}", file.string(), reason(error)));
    return std::unexpected(fmt::format("the data folder {} is in use by {}; stop it, or choose another with --data-dir",
                                       path.string(), holder(folder.lock_)));
  }
  // Who holds it, for people; the lock itself is the kernel's. On a full disk this may fail and nothing is lost.
  const std::string pid = fmt::format("{:<20}\n", getpid());
  (void)!pwrite(folder.lock_, pid.data(), pid.size(), 0);
  return folder;
}

DataFolder::~DataFolder() {
  if (lock_ >= 0) close(lock_);
}

DataFolder::DataFolder(DataFolder&& other) noexcept
    : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

DataFolder& DataFolder::operator=(DataFolder&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(lock_, other.lock_);
  return *this;
}

std::expected<void, std::string> make_private_file(const fs::path& file) {
  const int fd = open(file.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return std::unexpected(fmt::format("cannot make {}: {}", file.string(), reason(errno)));
  fchmod(fd, 0600);
  close(fd);
  return {};
}

std::expected<void, std::string> rename_durably(const fs::path& from, const fs::path& to) {
  if (rename(from.c_str(), to.c_str()) != 0) {
    return std::unexpected(fmt::format("cannot rename {} to {}: {}", from.string(), to.string(), reason(errno)));
  }
  const fs::path parent = to.has_parent_path() ? to.parent_path() : fs::path(".");
  const int folder = open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = folder >= 0 && fsync(folder) == 0;
  const int error = errno;
  if (folder >= 0) close(folder);
  if (!synced) return std::unexpected(fmt::format("cannot sync the folder {}: {}", parent.string(), reason(error)));
  return {};
}

}  // namespace registry::store
