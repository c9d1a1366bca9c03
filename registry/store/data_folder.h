// The data folder: made with mode 0700 when missing, held by one process at a time.
#pragma once

#include <expected>
#include <filesystem>
#include <string>

namespace registry::store {

class DataFolder {
 public:
  // Makes the folder when it is missing and locks it. The lock (flock, so the kernel drops it with the process) is
  // held until destruction; the error names the process that has it.
  [[nodiscard]] static std::expected<DataFolder, std::string> hold(const std::filesystem::path& path);
  DataFolder() = default;
  ~DataFolder();
  DataFolder(DataFolder&& other) noexcept;
  DataFolder& operator=(DataFolder&& other) noexcept;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  int lock_ = -1;
};

// An empty file of mode 0600 (SQLite gives its journals the mode of the database), and a rename that survives a crash.
[[nodiscard]] std::expected<void, std::string> make_private_file(const std::filesystem::path& file);
[[nodiscard]] std::expected<void, std::string> rename_durably(const std::filesystem::path& from,
                                                              const std::filesystem::path& to);

}  // namespace registry::store
