// The change log on disk: one SQLite file, one table of rows that are only ever appended, and one row that tells what
// the log holds. Synchronous; used by one thread at a time (the caller of load(), then the store thread).
//
// Invariants, checked when the file is read:
//   meta.rows and meta.digest (XOR of the rows' sums) describe exactly the rows of `log`: a row that was lost, added
//   or changed by anything but us is found, whatever SQLite itself makes of the file;
//   a row's sum covers its number, revision, key and body.
// Rows are numbered upwards without reuse: the newest row is never deleted.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "registry/basics.h"
#include "registry/codec/codec.h"
#include "registry/store/sqlite.h"

namespace registry::store {

// PRAGMA user_version. 2: checks of kind grpc, dns, exec, alias, and check states with `flaps`
// (registry/codec/effect_rows.cc). 3: `foreign`, instances without an address.
inline constexpr int kSchema = 3;
inline constexpr std::int32_t kApplicationId = 0x444E5344;  // "DNSD"
inline constexpr Revision kRevisionBlock = 1'000'000;       // the high-water mark is raised by so many ahead of use

struct LogRow {
  std::int64_t seq = 0;
  Revision revision = 0;
  std::string_view key, body;
  std::uint64_t sum = 0;
};

class LogFile {
 public:
  // Opens, or makes where there is none. The error is a line for the operator.
  [[nodiscard]] static std::expected<LogFile, std::string> open(const std::filesystem::path& file, const char* vfs);

  // Every row, newest first, each one verified; `visit` may refuse a row with a sentence.
  using Visit = std::function<std::expected<void, std::string>(const LogRow&)>;
  [[nodiscard]] std::expected<void, std::string> read(const Visit& visit);

  // One transaction: the rows of `entries` under `revision`, and the mark where it must be raised. On an error
  // nothing is promised until repair() succeeded.
  [[nodiscard]] Sql<> append(std::span<const codec::Row> entries, Revision revision, Revision reached);
  [[nodiscard]] Sql<> close_cleanly(Revision reached);
  // After a failure: opens the file anew, and brings it to what was acknowledged last (what the failed transaction
  // may have left is removed).
  [[nodiscard]] Sql<> repair();
  // Deletes superseded rows: one transaction.
  struct DeadRow {
    std::int64_t seq = 0;
    std::uint64_t sum = 0;
  };
  [[nodiscard]] Sql<> erase(std::span<const DeadRow> rows);
  // Up to `limit` rows at or below `from`, newest first; true when there may be more.
  [[nodiscard]] Sql<bool> scan(std::int64_t from, std::size_t limit, const std::function<void(const LogRow&)>& visit);
  // Moves the write-ahead log into the database file; the WAL starts over with the next transaction.
  [[nodiscard]] Sql<> checkpoint(bool truncate = false);
  [[nodiscard]] int wal_pages() const { return *wal_pages_; }

  [[nodiscard]] Revision high_water() const { return state_.high_water; }
  [[nodiscard]] bool clean() const { return state_.clean; }
  [[nodiscard]] std::uint64_t rows() const { return state_.rows; }
  [[nodiscard]] std::int64_t last_seq() const { return last_seq_; }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::uintmax_t bytes() const;  // the database and its write-ahead log
  [[nodiscard]] Database& database() { return *database_; }

 private:
  struct State {  // the row of `meta`, as acknowledged
    Revision high_water = 0;
    bool clean = true;
    std::uint64_t rows = 0;
    std::uint64_t digest = 0;
    bool operator==(const State&) const = default;
  };
  [[nodiscard]] Sql<> connect();
  [[nodiscard]] Sql<> prepare();
  [[nodiscard]] Sql<State> read_state();
  [[nodiscard]] std::expected<void, std::string> check_identity();
  [[nodiscard]] Sql<> insert(std::span<const codec::Row> entries, Revision revision, State& next, std::int64_t& seq);
  [[nodiscard]] Sql<> transact(const std::function<Sql<>()>& body);
  [[nodiscard]] Sql<> write_state(const State& state);
  [[nodiscard]] std::string damaged(std::string_view why) const;

  std::filesystem::path path_;
  std::string vfs_;
  std::optional<Database> database_;  // declared before the statements: they go first
  Statement insert_, erase_, update_;
  State state_;
  std::int64_t last_seq_ = 0;
  std::unique_ptr<int> wal_pages_ = std::make_unique<int>(0);  // fixed address: SQLite's hook writes it
};

}  // namespace registry::store
