// SQLite with owners and values instead of handles and codes. Internal to the store; no thread of its own: whoever
// holds a Database is its only user.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>

namespace registry::store {

struct SqlError {
  int code = SQLITE_ERROR;  // extended result code
  int system = 0;           // errno, where the operating system was asked
  std::string message;
  [[nodiscard]] bool disk_full() const;
};

template <class T = void>
using Sql = std::expected<T, SqlError>;

class Statement {
 public:
  Statement() = default;
  explicit Statement(sqlite3_stmt* stmt) : stmt_(stmt) {}
  void bind(int index, std::int64_t value) { sqlite3_bind_int64(stmt_.get(), index, value); }
  // The text must live until the statement is reset.
  void bind_text(int index, std::string_view text);
  void bind_blob(int index, std::string_view bytes);
  [[nodiscard]] Sql<bool> step();  // true = a row
  [[nodiscard]] Sql<> run();       // to the end, then reset
  void reset();
  [[nodiscard]] std::int64_t integer(int column) { return sqlite3_column_int64(stmt_.get(), column); }
  [[nodiscard]] bool is_integer(int column) { return sqlite3_column_type(stmt_.get(), column) == SQLITE_INTEGER; }
  [[nodiscard]] std::string_view bytes(int column);  // until the next step

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* stmt) const { sqlite3_finalize(stmt); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> stmt_;
};

class Database {
 public:
  // `flags` as of sqlite3_open_v2; `vfs` null = the default one (tests break disks through another).
  [[nodiscard]] static Sql<Database> open(const std::string& path, int flags, const char* vfs);
  [[nodiscard]] Sql<> exec(const char* sql);
  [[nodiscard]] Sql<Statement> prepare(std::string_view sql);
  [[nodiscard]] Sql<std::string> text(std::string_view sql);  // first column of the first row
  [[nodiscard]] Sql<std::int64_t> integer(std::string_view sql);
  [[nodiscard]] bool in_transaction() const { return sqlite3_get_autocommit(db_.get()) == 0; }
  [[nodiscard]] SqlError error() const;
  [[nodiscard]] sqlite3* handle() const { return db_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
  };
  std::unique_ptr<sqlite3, Close> db_;
};

}  // namespace registry::store
