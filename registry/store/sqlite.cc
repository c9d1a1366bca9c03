#include "registry/store/sqlite.h"

#include <cerrno>
#include <utility>

namespace registry::store {
namespace {

SqlError error_of(sqlite3* db) {
  if (!db) return {SQLITE_NOMEM, 0, "out of memory"};
  return {sqlite3_extended_errcode(db), sqlite3_system_errno(db), sqlite3_errmsg(db)};
}

}  // namespace

bool SqlError::disk_full() const {
  if ((code & 0xFF) == SQLITE_FULL) return true;
  // SQLite says "full" for a write alone; a quota, a file size limit or a late ENOSPC at fsync come as I/O errors.
  return (code & 0xFF) == SQLITE_IOERR && (system == ENOSPC || system == EDQUOT || system == EFBIG);
}

void Statement::bind_text(int index, std::string_view text) {
  sqlite3_bind_text64(stmt_.get(), index, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
}

void Statement::bind_blob(int index, std::string_view bytes) {
  sqlite3_bind_blob64(stmt_.get(), index, bytes.empty() ? "" : bytes.data(), bytes.size(), SQLITE_STATIC);
}

Sql<bool> Statement::step() {
  const int code = sqlite3_step(stmt_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return std::unexpected(error_of(sqlite3_db_handle(stmt_.get())));
}

Sql<> Statement::run() {
  Sql<bool> row = step();
  while (row && *row) row = step();
  reset();
  if (!row) return std::unexpected(std::move(row).error());
  return {};
}

void Statement::reset() {
  sqlite3_reset(stmt_.get());
  sqlite3_clear_bindings(stmt_.get());
}

std::string_view Statement::bytes(int column) {
  const void* data = sqlite3_column_blob(stmt_.get(), column);
  const int size = sqlite3_column_bytes(stmt_.get(), column);
  return {data ? static_cast<const char*>(data) : "", static_cast<std::size_t>(size)};
}

Sql<Database> Database::open(const std::string& path, int flags, const char* vfs) {
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &raw, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, vfs);
  Database database;
  database.db_.reset(raw);
  if (code != SQLITE_OK) return std::unexpected(error_of(raw));
  return database;
}

Sql<> Database::exec(const char* sql) {
  if (sqlite3_exec(db_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) return std::unexpected(error());
  return {};
}

Sql<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* stmt = nullptr;
  const int code = sqlite3_prepare_v3(db_.get(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                      &stmt, nullptr);
  if (code != SQLITE_OK) return std::unexpected(error());
  return Statement(stmt);
}

Sql<std::string> Database::text(std::string_view sql) {
  auto statement = prepare(sql);
  if (!statement) return std::unexpected(std::move(statement).error());
  const Sql<bool> row = statement->step();
  if (!row) return std::unexpected(row.error());
  return *row ? std::string(statement->bytes(0)) : std::string();
}

Sql<std::int64_t> Database::integer(std::string_view sql) {
  auto statement = prepare(sql);
  if (!statement) return std::unexpected(std::move(statement).error());
  const Sql<bool> row = statement->step();
  if (!row) return std::unexpected(row.error());
  return *row ? statement->integer(0) : 0;
}

SqlError Database::error() const { return error_of(db_.get()); }

}  // namespace registry::store
