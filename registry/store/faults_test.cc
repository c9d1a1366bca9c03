// Disks that fill up, fail, lose power or rot: what was acknowledged stays, nothing is invented.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <set>

#include "registry/codec/codec.h"
#include "registry/store/compaction.h"
#include "registry/store/fault_vfs.h"
#include "registry/store/testing.h"

namespace registry::store {
namespace {

namespace fs = std::filesystem;
using State = std::map<std::string, std::string>;

State state_of(const Loaded& loaded) {
  State out;
  for (const Effect& effect : loaded.effects) {
    codec::Row row = codec::encode(effect);
    out.insert_or_assign(std::move(row.key), std::move(row.body));
  }
  return out;
}

void note(State& state, const codec::Row& row) {
  if (row.body.empty()) {
    state.erase(row.key);
  } else {
    state[row.key] = row.body;
  }
}

std::expected<Loaded, std::string> load(const fs::path& folder) {
  Inbox inbox;
  SqliteLog log({.folder = folder}, inbox.post());
  return log.load();
}

// Judges by a switch: everything fails with `code` while it is not SQLITE_OK, optionally one kind of operation alone.
struct Trouble {
  std::atomic<int> code{SQLITE_OK};
  std::atomic<bool> syncs_only{false};
  FaultVfs::Judge judge() {
    return [this](FaultVfs::Op op) { return syncs_only && op != FaultVfs::Op::sync ? SQLITE_OK : code.load(); };
  }
};

class Faults : public ::testing::Test {
 protected:
  fs::path folder() const { return temp.path() / "data"; }
  TempFolder temp;
  FaultVfs vfs{"fault-" + std::to_string(reinterpret_cast<std::uintptr_t>(this))};
  Trouble trouble;
};

TEST_F(Faults, AFullDiskFailsWritesAndHealsByItself) {
  {
    Inbox inbox;
    SqliteLog log({.folder = folder(), .vfs = vfs.name()}, inbox.post());
    ASSERT_TRUE(log.load());
    vfs.set_judge(trouble.judge());
    EXPECT_FALSE(commit_and_wait(log, inbox, record(1, {instance("before")})));
    for (int cycle = 0; cycle < 20; ++cycle) {
      trouble.code = SQLITE_FULL;
      const auto problem = commit_and_wait(log, inbox, record(10, {instance("lost" + std::to_string(cycle))}));
      ASSERT_TRUE(problem);
      EXPECT_EQ(problem->kind, ProblemKind::disk_full);
      log.write_behind({state("before", CheckState::critical)}, 11);
      EXPECT_TRUE(commit_and_wait(log, inbox, record(12, {instance("lost")})));
      trouble.code = SQLITE_OK;
      EXPECT_FALSE(commit_and_wait(log, inbox, record(20, {instance("after" + std::to_string(cycle))})));
    }
    EXPECT_EQ(log.stats().commits, 21U);
    EXPECT_GE(log.stats().failures, 40U);
  }
  const auto loaded = load(folder());
  ASSERT_TRUE(loaded) << loaded.error();
  const State stored = state_of(*loaded);
  EXPECT_EQ(stored.size(), 22U) << "before, 20 times after, and the state that waited through it all";
  EXPECT_TRUE(stored.contains("c/worker.corp/before/http"));
  EXPECT_FALSE(stored.contains("i/worker.corp/lost"));
}

TEST_F(Faults, AFailedSyncIsNeverSuccessAndLeavesNothingBehind) {
  {
    Inbox inbox;
    SqliteLog log({.folder = folder(), .vfs = vfs.name()}, inbox.post());
    ASSERT_TRUE(log.load());
    vfs.set_judge(trouble.judge());
    trouble.syncs_only = true;
    EXPECT_FALSE(commit_and_wait(log, inbox, record(1, {instance("before")})));
    trouble.code = SQLITE_IOERR_FSYNC;
    for (int i = 0; i < 3; ++i) {
      const auto problem = commit_and_wait(log, inbox, record(2, {instance("lost"), instance("before", "lost")}));
      ASSERT_TRUE(problem);
      EXPECT_EQ(problem->kind, ProblemKind::store_unavailable);
    }
    trouble.code = SQLITE_OK;
    EXPECT_FALSE(commit_and_wait(log, inbox, record(3, {instance("after")})));
    log.close(3);
  }
  const auto loaded = load(folder());
  ASSERT_TRUE(loaded) << loaded.error();
  const State stored = state_of(*loaded);
  EXPECT_EQ(stored.size(), 2U);
  EXPECT_EQ(stored.at("i/worker.corp/before"), codec::encode(instance("before")).body);
  EXPECT_TRUE(stored.contains("i/worker.corp/after"));
}

// The Nth operation fails, once, for every N of a run: each commit is in the store exactly when it was acknowledged.
TEST_F(Faults, EveryOperationMayFailOnce) {
  for (const int code : {SQLITE_FULL, SQLITE_IOERR_WRITE, SQLITE_IOERR_FSYNC}) {
    bool reached = true;
    for (int nth = 1; reached; ++nth) {
      TempFolder place;
      State expected;
      std::atomic<int> count{0};
      vfs.set_judge([&](FaultVfs::Op) { return ++count == nth ? code : SQLITE_OK; });
      {
        Inbox inbox;
        SqliteLog log({.folder = place.path() / "data", .vfs = vfs.name(), .kept_tail = 2}, inbox.post());
        if (!log.load()) continue;  // a start that fails is tried again by the operator
        for (Revision r = 1; r <= 6; ++r) {
          const auto effect = instance("w" + std::to_string(r % 2), std::to_string(r));
          if (!commit_and_wait(log, inbox, record(r, {effect}))) note(expected, codec::encode(effect));
        }
        EXPECT_GE(log.stats().commits, 5U) << "one failure costs one commit at most";
      }
      reached = count >= nth;
      vfs.set_judge(nullptr);
      const auto loaded = load(place.path() / "data");
      ASSERT_TRUE(loaded) << loaded.error() << " at operation " << nth;
      ASSERT_EQ(state_of(*loaded), expected) << "operation " << nth << ", code " << code;
    }
  }
}

// A power cut at a random operation of a run with commits, observations, checkpoints and compaction: the store opens,
// holds what was acknowledged, and of the commit under way all or nothing.
TEST_F(Faults, APowerCutLosesNothingAcknowledged) {
  constexpr int kCuts = 300;
  std::mt19937 dice(20260101);
  int between = 0;
  for (int cut = 0; cut < kCuts; ++cut) {
    TempFolder place, left;
    fs::create_directories(left.path() / "data");
    FaultVfs disk("cut-" + std::to_string(cut));
    auto file = LogFile::open(place.path() / "dnsd.db", disk.name());
    ASSERT_TRUE(file) << file.error();
    int until = static_cast<int>(dice() % 120);
    bool done = false;
    State acknowledged, attempted, at_cut, could_be;
    disk.set_judge([&](FaultVfs::Op) {
      if (!done && until-- == 0) {
        disk.cut(dice, left.path() / "data");
        at_cut = acknowledged;
        could_be = attempted;
        done = true;
      }
      return SQLITE_OK;
    });
    std::optional<Compaction> compaction;
    for (Revision r = 1; !done && r < 200; ++r) {
      std::vector<codec::Row> rows;
      const std::string id = "w" + std::to_string(dice() % 5);
      rows.push_back(dice() % 4 == 0 ? codec::encode(DeleteInstanceEffect{"worker.corp", id})
                                     : codec::encode(instance(id, std::string(dice() % 900, 'x') + std::to_string(r))));
      rows.push_back(codec::encode(instance("last", std::to_string(r))));
      attempted = acknowledged;
      for (const codec::Row& row : rows) note(attempted, row);
      ASSERT_TRUE(file->append(rows, r, r));
      acknowledged = attempted;
      if (dice() % 10 == 0) {
        ASSERT_TRUE(file->checkpoint(dice() % 2 == 0));
      }
      if (!compaction && dice() % 10 == 0) compaction.emplace(*file, 3);
      if (compaction) {
        const auto more = compaction->step();
        ASSERT_TRUE(more);
        if (!*more) compaction.reset();
      }
    }
    ASSERT_TRUE(done);
    disk.set_judge(nullptr);
    const auto loaded = load(left.path() / "data");
    ASSERT_TRUE(loaded) << loaded.error() << " after cut " << cut;
    const State stored = state_of(*loaded);
    ASSERT_TRUE(stored == at_cut || stored == could_be) << "cut " << cut;
    between += at_cut != could_be;
  }
  EXPECT_GT(between, kCuts / 10) << "the cuts must also fall into commits";
}

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Bits flipped, ends cut off, in the database and in its write-ahead log: it opens or it is refused with a line; what
// it shows was written, and no name stands for anything that was never registered under it.
TEST_F(Faults, ARottenFileIsRefusedOrHarmless) {
  std::map<std::string, std::set<std::string>> written;
  {
    Inbox inbox;
    SqliteLog log({.folder = folder()}, inbox.post());
    ASSERT_TRUE(log.load());
    for (Revision r = 1; r <= 40; ++r) {
      const auto effect = instance("w" + std::to_string(r % 7), std::string(r * 20, 'y'));
      const codec::Row row = codec::encode(effect);
      written[row.key].insert(row.body);
      ASSERT_FALSE(commit_and_wait(log, inbox, record(r, {effect})));
      if (r != 20) continue;  // half in the database, half in the write-ahead log
      log.close(r);
      ASSERT_TRUE(log.load());
    }
  }
  const std::string database = read_file(folder() / "dnsd.db"), wal = read_file(folder() / "dnsd.db-wal");
  ASSERT_GT(database.size(), 8192U);
  ASSERT_GT(wal.size(), 8192U);
  std::mt19937 dice(7);
  int refused = 0, opened = 0;
  for (int i = 0; i < 400; ++i) {
    TempFolder place;
    fs::create_directories(place.path() / "data");
    std::string parts[] = {database, wal};
    std::string& victim = parts[dice() % 2];
    if (dice() % 3 == 0) {
      victim.resize(dice() % victim.size());
    } else {
      for (unsigned n = 1 + dice() % 4; n > 0; --n)
        victim[dice() % victim.size()] ^= static_cast<char>(1U << (dice() % 8));
    }
    std::ofstream(place.path() / "data/dnsd.db", std::ios::binary) << parts[0];
    std::ofstream(place.path() / "data/dnsd.db-wal", std::ios::binary) << parts[1];
    const auto loaded = load(place.path() / "data");
    if (!loaded) {
      ++refused;
      EXPECT_EQ(loaded.error().find('\n'), std::string::npos);
      EXPECT_NE(loaded.error().find("dnsd.db"), std::string::npos) << loaded.error();
      continue;
    }
    ++opened;
    for (const auto& [key, body] : state_of(*loaded)) {
      ASSERT_TRUE(written.contains(key)) << key;
      ASSERT_TRUE(written[key].contains(body)) << key;
    }
  }
  EXPECT_GT(refused, 50);
  EXPECT_GT(opened, 20) << "a torn log ends where it is torn";
}

}  // namespace
}  // namespace registry::store
