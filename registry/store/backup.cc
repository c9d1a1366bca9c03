#include "registry/store/backup.h"

#include <system_error>
#include <utility>

#include "registry/store/data_folder.h"

namespace registry::store {
namespace {

constexpr int kPages = 256;  // 1 MiB a step: a commit waits a millisecond or two for it

}  // namespace

Sql<Backup> Backup::start(LogFile& file, std::filesystem::path target) {
  const std::filesystem::path draft = target.string() + ".part";
  if (auto made = make_private_file(draft); !made) return std::unexpected(SqlError{SQLITE_CANTOPEN, 0, made.error()});
  auto copy = Database::open(draft.string(), SQLITE_OPEN_READWRITE, nullptr);
  if (!copy) return std::unexpected(std::move(copy).error());
  if (auto set = copy->exec("PRAGMA synchronous=FULL"); !set) return std::unexpected(std::move(set).error());
  sqlite3_backup* handle = sqlite3_backup_init(copy->handle(), "main", file.database().handle(), "main");
  if (!handle) return std::unexpected(copy->error());
  return Backup(std::move(target), draft, *std::move(copy), handle);
}

Backup::~Backup() {
  if (draft_.empty()) return;  // moved from, or finished
  handle_.reset();
  std::error_code ec;
  std::filesystem::remove(draft_, ec);
}

Sql<bool> Backup::step() {
  const int code = sqlite3_backup_step(handle_.get(), kPages);
  if (code == SQLITE_OK) return true;
  if (code == SQLITE_DONE) return false;
  return std::unexpected(SqlError{code, sqlite3_system_errno(copy_.handle()), sqlite3_errstr(code)});
}

std::expected<void, std::string> Backup::finish() {
  handle_.reset();
  copy_ = Database();
  auto renamed = rename_durably(draft_, target_);
  if (renamed) draft_.clear();
  return renamed;
}

}  // namespace registry::store
