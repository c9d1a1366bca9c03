// A consistent copy of the store as one file. The store makes it in a private temporary folder; the file is unlinked
// as soon as it is open, so that nothing is left behind, however the transfer ends.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "api/native/common.h"
#include "api/native/handlers.h"

namespace api::native {

namespace {

namespace fs = std::filesystem;
constexpr std::size_t kPiece = 64 << 10;

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::error_code error;
    auto path = (fs::temp_directory_path(error) / "dnsd-backup-XXXXXX").string();
    if (!error && ::mkdtemp(path.data())) path_ = path;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

struct File {
  explicit File(const fs::path& path) : fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    struct stat about {};
    if (fd >= 0 && ::fstat(fd, &about) == 0) size = static_cast<std::uint64_t>(about.st_size);
  }
  ~File() {
    if (fd >= 0) ::close(fd);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int fd;
  std::uint64_t size = 0;
};

awaitable<std::optional<std::string>> read_piece(std::shared_ptr<File> file) {
  std::string piece(kPiece, '\0');
  const auto count = ::read(file->fd, piece.data(), piece.size());
  if (count <= 0) co_return std::nullopt;
  piece.resize(static_cast<std::size_t>(count));
  co_return piece;
}

}  // namespace

awaitable<Response> get_backup(App& app, Request&) {
  if (app.backup_running) co_return problem_response(http_problem::busy, "another backup is being made");
  app.backup_running = true;
  struct Running {
    bool& flag;
    ~Running() { flag = false; }
  } running{app.backup_running};
  const TemporaryFolder folder;
  if (folder.path().empty()) co_return problem_response(http_problem::internal, "no temporary folder can be made");
  const auto target = folder.path() / "dnsd.db";
  auto start = [&app, target](auto done) { app.context.store.backup(target, std::move(done)); };
  auto failure = co_await until_done<std::optional<registry::Problem>>(app.executor, start);
  if (failure) co_return problem_response(*failure);
  auto file = std::make_shared<File>(target);
  if (file->fd < 0) co_return problem_response(http_problem::internal, "the backup cannot be read");
  Response response;
  response.content_type = "application/vnd.sqlite3";
  response.set("Content-Disposition", "attachment; filename=\"dnsd-backup.db\"");
  response.pieces_size = file->size;
  response.pieces = [file] { return read_piece(file); };
  co_return response;
}

}  // namespace api::native
