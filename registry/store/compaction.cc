#include "registry/store/compaction.h"

#include <algorithm>
#include <utility>

namespace registry::store {
namespace {

constexpr std::size_t kMarkStep = 1000;  // about 1 us a row
constexpr std::size_t kSweepStep = 256;  // a few dozen pages and one fsync

}  // namespace

Compaction::Compaction(LogFile& file, std::uint64_t kept_tail)
    : file_(file),
      cursor_(file.last_seq()),
      // At least the newest row stays: its number must not be given twice.
      keep_above_(file.last_seq() - static_cast<std::int64_t>(std::max<std::uint64_t>(kept_tail, 1))) {}

Sql<bool> Compaction::step() { return marked_ ? sweep() : mark(); }

Sql<bool> Compaction::mark() {
  const auto more = file_.scan(cursor_, kMarkStep, [&](const LogRow& row) {
    const bool dead = liveness_.judge(row.key, row.body.empty()) != Liveness::Verdict::live;
    if (dead && row.seq <= keep_above_) dead_.push_back({row.seq, row.sum});
    cursor_ = row.seq - 1;
  });
  if (!more) return more;
  marked_ = !*more;
  return *more || !dead_.empty();
}

Sql<bool> Compaction::sweep() {
  const std::size_t count = std::min(kSweepStep, dead_.size());
  const std::vector<LogFile::DeadRow> oldest(dead_.rbegin(), dead_.rbegin() + static_cast<std::ptrdiff_t>(count));
  if (auto erased = file_.erase(oldest); !erased) return std::unexpected(std::move(erased).error());
  dead_.resize(dead_.size() - count);
  return !dead_.empty();
}

}  // namespace registry::store
