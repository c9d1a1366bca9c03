#include "registry/store/sqlite_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <utility>

#include "registry/store/worker.h"

namespace registry::store {

SqliteLog::SqliteLog(Options options, Post post) : options_(std::move(options)), post_(std::move(post)) {}
SqliteLog::~SqliteLog() = default;

std::expected<Loaded, std::string> SqliteLog::load() {
  auto folder = DataFolder::hold(options_.folder);
  if (!folder) return std::unexpected(std::move(folder).error());
  auto file = LogFile::open(options_.folder / "dnsd.db", options_.vfs);
  if (!file) return std::unexpected(std::move(file).error());
  Loaded loaded;
  loaded.high_water = file->high_water();
  loaded.clean = file->clean();
  Liveness liveness;
  auto read = file->read([&](const LogRow& row) -> std::expected<void, std::string> {
    loaded.last = std::max(loaded.last, row.revision);
    if (liveness.judge(row.key, row.body.empty()) != Liveness::Verdict::live) return {};
    auto effect = codec::decode(row.key, row.body);
    if (!effect) return std::unexpected(std::move(effect).error());
    loaded.effects.push_back(*std::move(effect));
    return {};
  });
  if (!read) return std::unexpected(std::move(read).error());
  if (loaded.clean) loaded.last = loaded.high_water;
  std::ranges::reverse(loaded.effects);  // oldest first, as they came
  // Ahead of use: observations publish their revisions before anything of them is written.
  const auto raised = file->append({}, 0, loaded.high_water);
  if (!raised) {
    return std::unexpected(fmt::format("cannot write {}: {}{}", file->path().string(), raised.error().message,
                                       raised.error().disk_full() ? "; free some space on its disk" : ""));
  }
  worker_ = std::make_unique<Worker>(*std::move(folder), *std::move(file), liveness.live(), options_, post_);
  return loaded;
}

void SqliteLog::commit(const Record& record, Committed done) {
  assert(worker_ && "load() comes first, close() last");
  worker_->commit(record, std::move(done));
}
void SqliteLog::write_behind(std::vector<Effect> effects, Revision reached) {
  if (worker_) worker_->write_behind(std::move(effects), reached);
}
void SqliteLog::backup(std::filesystem::path target, Committed done) {
  assert(worker_ && "load() comes first, close() last");
  worker_->backup(std::move(target), std::move(done));
}
void SqliteLog::close(Revision reached) {
  if (!worker_) return;
  worker_->close(reached);
  worker_.reset();  // and with it the lock on the folder
}
Stats SqliteLog::stats() const {
  Stats stats = worker_ ? worker_->stats() : Stats();
  stats.kind = "sqlite";
  return stats;
}

}  // namespace registry::store
