#include "registry/store/log_file.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <bit>
#include <system_error>
#include <utility>

#include "registry/store/data_folder.h"

namespace registry::store {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLogTable =
    "CREATE TABLE log(seq INTEGER PRIMARY KEY, rev INTEGER NOT NULL, key TEXT NOT NULL, body BLOB NOT NULL, "
    "sum INTEGER NOT NULL)";
constexpr const char* kMetaTable =
    "CREATE TABLE meta(id INTEGER PRIMARY KEY CHECK(id = 1), high_water INTEGER NOT NULL, clean INTEGER NOT NULL, "
    "rows INTEGER NOT NULL, digest INTEGER NOT NULL)";

std::int64_t as_signed(std::uint64_t value) { return std::bit_cast<std::int64_t>(value); }
std::uint64_t as_unsigned(std::int64_t value) { return std::bit_cast<std::uint64_t>(value); }

std::uint64_t sum_of(std::int64_t seq, Revision revision, std::string_view key, std::string_view body) {
  const std::uint64_t head[] = {as_unsigned(seq), revision, XXH3_64bits(key.data(), key.size())};
  return XXH3_64bits_withSeed(body.data(), body.size(), XXH3_64bits(head, sizeof head));
}

// The file comes into being under another name and whole, so that an empty or half-made dnsd.db is always damage.
std::expected<void, std::string> create(const fs::path& file, const char* vfs) {
  const fs::path fresh = file.string() + ".new";
  if (auto made = make_private_file(fresh); !made) return made;
  const std::string sql = fmt::format(
      "PRAGMA synchronous=FULL; BEGIN; PRAGMA application_id={}; PRAGMA user_version={}; {}; {}; "
      "INSERT INTO meta VALUES(1, 0, 1, 0, 0); COMMIT",
      kApplicationId, kSchema, kLogTable, kMetaTable);
  const auto fill = [&]() -> Sql<> {  // closes the file before it gets its name
    auto database = Database::open(fresh.string(), SQLITE_OPEN_READWRITE, vfs);
    if (!database) return std::unexpected(std::move(database).error());
    return database->exec(sql.c_str());
  };
  const Sql<> filled = fill();
  if (!filled) return std::unexpected(fmt::format("cannot make {}: {}", fresh.string(), filled.error().message));
  return rename_durably(fresh, file);
}

}  // namespace

std::string LogFile::damaged(std::string_view why) const {
  return fmt::format("the database {} is damaged ({}): restore a backup, or move the file away to start empty",
                     path_.string(), why);
}

std::expected<LogFile, std::string> LogFile::open(const fs::path& file, const char* vfs) {
  std::error_code ec;
  if (!fs::exists(file, ec)) {
    if (auto made = create(file, vfs); !made) return std::unexpected(std::move(made).error());
  }
  LogFile log;
  log.path_ = file;
  log.vfs_ = vfs ? vfs : "";
  if (auto connected = log.connect(); !connected) {
    const SqlError& error = connected.error();
    const int code = error.code & 0xFF;
    if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB) return std::unexpected(log.damaged(error.message));
    return std::unexpected(fmt::format("cannot open the database {}: {}", file.string(), error.message));
  }
  if (auto checked = log.check_identity(); !checked) return std::unexpected(std::move(checked).error());
  const auto prepared = log.prepare();
  const auto state = prepared ? log.read_state() : Sql<State>(std::unexpected(prepared.error()));
  const auto last = log.database_->integer("SELECT max(seq) FROM log");
  if (!state || !last) return std::unexpected(log.damaged(state ? last.error().message : state.error().message));
  log.state_ = *state;
  log.last_seq_ = *last;
  return log;
}

Sql<> LogFile::connect() {
  insert_ = Statement();
  erase_ = Statement();
  update_ = Statement();
  database_.reset();
  auto opened = Database::open(path_.string(), SQLITE_OPEN_READWRITE, vfs_.empty() ? nullptr : vfs_.c_str());
  if (!opened) return std::unexpected(std::move(opened).error());
  database_ = *std::move(opened);
  // A WAL that closing merges into the database would hide what repair() wants to see.
  sqlite3_db_config(database_->handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  sqlite3_db_config(database_->handle(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  // Exclusive: no shared-memory file, whose pages would turn a full disk into SIGBUS. Checkpoints are ours to time.
  auto set = database_->exec(
      "PRAGMA locking_mode=EXCLUSIVE; PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA temp_store=MEMORY; "
      "PRAGMA mmap_size=0; PRAGMA cache_size=-8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; "
      "PRAGMA wal_autocheckpoint=0");
  if (!set) return set;
  *wal_pages_ = 0;
  sqlite3_wal_hook(
      database_->handle(),
      [](void* pages, sqlite3*, const char*, int count) {
        *static_cast<int*>(pages) = count;
        return SQLITE_OK;
      },
      wal_pages_.get());
  return {};
}

std::expected<void, std::string> LogFile::check_identity() {
  const auto application = database_->integer("PRAGMA application_id");
  const auto schema = database_->integer("PRAGMA user_version");
  const auto journal = database_->text("PRAGMA journal_mode");
  const auto tables =
      database_->text("SELECT group_concat(sql, ';') FROM (SELECT sql FROM sqlite_schema ORDER BY name)");
  if (!application || !schema || !journal || !tables) return std::unexpected(damaged(database_->error().message));
  if (*application != kApplicationId) {
    return std::unexpected(
        fmt::format("{} is not a database of dnsd: move it away, or choose another --data-dir", path_.string()));
  }
  if (*schema > kSchema) {
    return std::unexpected(
        fmt::format("the database {} was written by a newer dnsd (schema {}, this one knows {}): run the newer dnsd, "
                    "or restore a backup",
                    path_.string(), *schema, kSchema));
  }
  if (*schema < 1 || *tables != fmt::format("{};{}", kLogTable, kMetaTable)) {
    return std::unexpected(damaged("its tables are not those of dnsd"));
  }
  if (*journal != "wal") return std::unexpected(damaged("it cannot use a write-ahead log"));
  if (*schema == kSchema) return {};
  // The rows stay as they are; from here on an older dnsd would meet rows that it does not know.
  const auto raised = database_->exec(fmt::format("PRAGMA user_version={}", kSchema).c_str());
  if (raised) return {};
  return std::unexpected(fmt::format("cannot write the database {}: {}", path_.string(), raised.error().message));
}

Sql<> LogFile::prepare() {
  auto insert = database_->prepare("INSERT INTO log VALUES(?1, ?2, ?3, ?4, ?5)");
  auto erase = database_->prepare("DELETE FROM log WHERE seq = ?1");
  auto update = database_->prepare("UPDATE meta SET high_water = ?1, clean = ?2, rows = ?3, digest = ?4 WHERE id = 1");
  if (!insert || !erase || !update) return std::unexpected(database_->error());
  insert_ = *std::move(insert);
  erase_ = *std::move(erase);
  update_ = *std::move(update);
  return {};
}

Sql<LogFile::State> LogFile::read_state() {
  auto statement = database_->prepare("SELECT high_water, clean, rows, digest FROM meta WHERE id = 1");
  if (!statement) return std::unexpected(std::move(statement).error());
  const auto row = statement->step();
  if (!row) return std::unexpected(row.error());
  if (!*row || !statement->is_integer(0) || !statement->is_integer(2) || !statement->is_integer(3)) {
    return std::unexpected(SqlError{SQLITE_CORRUPT, 0, "the description of the log is missing"});
  }
  return State{.high_water = as_unsigned(statement->integer(0)),
               .clean = statement->integer(1) == 1,
               .rows = as_unsigned(statement->integer(2)),
               .digest = as_unsigned(statement->integer(3))};
}

std::expected<void, std::string> LogFile::read(const Visit& visit) {
  State found;
  std::string refused;
  const auto one = [&](const LogRow& row) {
    ++found.rows;
    found.digest ^= row.sum;
    if (!refused.empty()) return;
    if (row.sum != sum_of(row.seq, row.revision, row.key, row.body)) {
      refused = fmt::format("row {}: its checksum does not fit", row.seq);
    } else if (row.revision > state_.high_water) {
      refused = fmt::format("row {}: revision {} was never handed out", row.seq, row.revision);
    } else if (auto visited = visit(row); !visited) {
      refused = fmt::format("row {} ({}): {}", row.seq, row.key, visited.error());
    }
  };
  const auto scanned = scan(last_seq_, std::size_t(-1) >> 1, one);
  if (!scanned) return std::unexpected(damaged(scanned.error().message));
  if (!refused.empty()) return std::unexpected(damaged(refused));
  if (found.rows != state_.rows || found.digest != state_.digest) {
    return std::unexpected(damaged(fmt::format("it should hold {} rows and {} fit", state_.rows, found.rows)));
  }
  return {};
}

Sql<bool> LogFile::scan(std::int64_t from, std::size_t limit, const std::function<void(const LogRow&)>& visit) {
  auto statement =
      database_->prepare("SELECT seq, rev, key, body, sum FROM log WHERE seq <= ?1 ORDER BY seq DESC LIMIT ?2");
  if (!statement) return std::unexpected(std::move(statement).error());
  statement->bind(1, from);
  statement->bind(2, static_cast<std::int64_t>(limit));
  std::size_t count = 0;
  while (true) {
    const auto row = statement->step();
    if (!row) return std::unexpected(row.error());
    if (!*row) return count == limit;
    ++count;
    visit({.seq = statement->integer(0),
           .revision = as_unsigned(statement->integer(1)),
           .key = statement->bytes(2),
           .body = statement->bytes(3),
           .sum = as_unsigned(statement->integer(4))});
  }
}

Sql<> LogFile::transact(const std::function<Sql<>()>& body) {
  if (auto begun = database_->exec("BEGIN IMMEDIATE"); !begun) return begun;
  auto done = body();
  if (done) done = database_->exec("COMMIT");
  if (!done && database_->in_transaction()) (void)database_->exec("ROLLBACK");
  return done;
}

Sql<> LogFile::write_state(const State& state) {
  update_.bind(1, as_signed(state.high_water));
  update_.bind(2, state.clean ? 1 : 0);
  update_.bind(3, as_signed(state.rows));
  update_.bind(4, as_signed(state.digest));
  return update_.run();
}

Sql<> LogFile::insert(std::span<const codec::Row> entries, Revision revision, State& next, std::int64_t& seq) {
  for (const codec::Row& entry : entries) {
    const std::uint64_t sum = sum_of(++seq, revision, entry.key, entry.body);
    insert_.bind(1, seq);
    insert_.bind(2, as_signed(revision));
    insert_.bind_text(3, entry.key);
    insert_.bind_blob(4, entry.body);
    insert_.bind(5, as_signed(sum));
    if (auto inserted = insert_.run(); !inserted) return inserted;
    ++next.rows;
    next.digest ^= sum;
  }
  return {};
}

Sql<> LogFile::append(std::span<const codec::Row> entries, Revision revision, Revision reached) {
  State next = state_;
  next.clean = false;
  const Revision used = std::max(revision, reached);
  if (used + kRevisionBlock / 2 > next.high_water) next.high_water = used + kRevisionBlock;
  std::int64_t seq = last_seq_;
  auto done = transact([&]() -> Sql<> {
    if (auto inserted = insert(entries, revision, next, seq); !inserted) return inserted;
    return write_state(next);
  });
  if (!done) return done;
  state_ = next;
  last_seq_ = seq;
  return {};
}

Sql<> LogFile::close_cleanly(Revision reached) {
  State next = state_;
  next.clean = true;
  next.high_water = reached;
  if (auto done = transact([&] { return write_state(next); }); !done) return done;
  state_ = next;
  return checkpoint(true);
}

Sql<> LogFile::erase(std::span<const DeadRow> rows) {
  State next = state_;
  auto done = transact([&]() -> Sql<> {
    for (const DeadRow& row : rows) {
      erase_.bind(1, row.seq);
      if (auto erased = erase_.run(); !erased) return erased;
      --next.rows;
      next.digest ^= row.sum;
    }
    return write_state(next);
  });
  if (done) state_ = next;
  return done;
}

Sql<> LogFile::checkpoint(bool truncate) {
  const int mode = truncate ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE;
  if (sqlite3_wal_checkpoint_v2(database_->handle(), nullptr, mode, nullptr, nullptr) != SQLITE_OK) {
    return std::unexpected(database_->error());
  }
  *wal_pages_ = 0;
  return {};
}

// After a failed fsync the kernel may show pages that are not on the disk, and call them clean. So nothing is appended
// behind them: what the WAL shows goes into the database file by new writes and a new fsync, and the WAL starts over.
Sql<> LogFile::repair() {
  if (auto connected = connect(); !connected) return connected;
  if (auto moved = checkpoint(true); !moved) return moved;
  if (auto prepared = prepare(); !prepared) return prepared;
  const auto found = read_state();
  const auto last = database_->integer("SELECT max(seq) FROM log");
  if (!found) return std::unexpected(found.error());
  if (!last) return std::unexpected(last.error());
  if (*found == state_ && *last == last_seq_) return {};
  auto forget = database_->prepare("DELETE FROM log WHERE seq > ?1");
  if (!forget) return std::unexpected(std::move(forget).error());
  // A half-known deletion of superseded rows cannot be told from damage by its count: read what is there.
  return transact([&]() -> Sql<> {
    forget->bind(1, last_seq_);
    if (auto forgotten = forget->run(); !forgotten) return forgotten;
    State exact = state_;
    exact.rows = exact.digest = 0;
    auto counted = scan(last_seq_, std::size_t(-1) >> 1, [&](const LogRow& row) {
      ++exact.rows;
      exact.digest ^= row.sum;
    });
    if (!counted) return std::unexpected(std::move(counted).error());
    state_ = exact;
    return write_state(exact);
  });
}

std::uintmax_t LogFile::bytes() const {
  std::uintmax_t total = 0;
  for (const char* suffix : {"", "-wal"}) {
    std::error_code ec;
    const std::uintmax_t size = fs::file_size(path_.string() + suffix, ec);
    if (!ec) total += size;
  }
  return total;
}

}  // namespace registry::store
