#include "registry/store/sqlite_log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>

#include "registry/codec/codec.h"
#include "registry/store/log_file.h"
#include "registry/store/sqlite.h"
#include "registry/store/testing.h"

namespace registry::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

SqliteLog::Options options(const TempFolder& temp) { return {.folder = temp.path() / "data"}; }

std::map<std::string, std::string> rows(const Loaded& loaded) {
  std::map<std::string, std::string> out;
  for (const Effect& effect : loaded.effects) {
    const codec::Row row = codec::encode(effect);
    out[row.key] = row.body;
  }
  return out;
}

std::vector<std::string> keys(const Loaded& loaded) {
  std::vector<std::string> out;
  for (const auto& [key, body] : rows(loaded)) out.push_back(key);
  return out;
}

Loaded reload(const TempFolder& temp) {
  Inbox inbox;
  SqliteLog log(options(temp), inbox.post());
  auto loaded = log.load();
  if (loaded) return *std::move(loaded);
  ADD_FAILURE() << loaded.error();
  return {};
}

std::string refusal(const TempFolder& temp) {
  Inbox inbox;
  SqliteLog log(options(temp), inbox.post());
  auto loaded = log.load();
  return loaded ? "accepted" : loaded.error();
}

void sql(const TempFolder& temp, const char* text) {
  auto db = Database::open((temp.path() / "data/dnsd.db").string(), SQLITE_OPEN_READWRITE, nullptr);
  ASSERT_TRUE(db);
  const auto done = db->exec(text);
  ASSERT_TRUE(done) << done.error().message;
}

class SqliteLogTest : public ::testing::Test {
 protected:
  // Opens, does something, and ends without close().
  void with_log(const std::function<void(SqliteLog&, Inbox&)>& use) {
    Inbox inbox;
    SqliteLog log(options(temp), inbox.post());
    const auto loaded = log.load();
    ASSERT_TRUE(loaded) << loaded.error();
    use(log, inbox);
  }
  TempFolder temp;
};

TEST_F(SqliteLogTest, MakesAPrivateFolderAndIsEmptyAtFirst) {
  const Loaded loaded = reload(temp);
  EXPECT_THAT(loaded.effects, IsEmpty());
  EXPECT_EQ(loaded.high_water, 0U);
  struct stat info {};
  ASSERT_EQ(stat((temp.path() / "data").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700U);
  for (const char* file : {"dnsd.db", "dnsd.db-wal", "lock"}) {
    ASSERT_EQ(stat((temp.path() / "data" / file).c_str(), &info), 0) << file;
    EXPECT_EQ(info.st_mode & 0777, 0600U) << file;
  }
}

TEST_F(SqliteLogTest, BringsBackTheLatestOfEveryKey) {
  with_log([](SqliteLog& log, Inbox& inbox) {
    EXPECT_FALSE(commit_and_wait(log, inbox, record(1, {instance("w1"), instance("w2")})));
    EXPECT_FALSE(
        commit_and_wait(log, inbox, record(2, {instance("w1", "second"), DeleteInstanceEffect{"worker.corp", "w2"}})));
  });
  const Loaded loaded = reload(temp);
  EXPECT_THAT(keys(loaded), ElementsAre("i/worker.corp/w1"));
  EXPECT_EQ(std::get<PutInstanceEffect>(loaded.effects.at(0)).def, instance("w1", "second").def);
  EXPECT_EQ(loaded.last, 2U);
  EXPECT_FALSE(loaded.clean);
}

TEST_F(SqliteLogTest, TheHighWaterMarkStaysAheadAndIsExactAfterClose) {
  Revision mark = 0;
  with_log(
      [](SqliteLog& log, Inbox& inbox) { EXPECT_FALSE(commit_and_wait(log, inbox, record(7, {instance("w1")}))); });
  {
    Inbox inbox;
    SqliteLog log(options(temp), inbox.post());
    const Loaded loaded = log.load().value();
    EXPECT_GE(loaded.high_water, 7U);
    EXPECT_GT(loaded.lost(), 0U);
    mark = loaded.high_water + 12;
    log.write_behind({}, mark);
    log.close(mark);
  }
  const Loaded closed = reload(temp);
  EXPECT_EQ(closed.high_water, mark);
  EXPECT_TRUE(closed.clean);
  EXPECT_EQ(closed.lost(), 0U);
  EXPECT_GT(reload(temp).high_water, mark) << "that run did not close: it may have handed out more";
}

TEST_F(SqliteLogTest, TheMarkIsRaisedBeforeObservationsReachIt) {
  Revision reached = 0;
  {
    Inbox inbox;
    SqliteLog log(options(temp), inbox.post());
    ASSERT_TRUE(log.load());
    for (int i = 0; i < 5; ++i) {
      reached += 400'000;
      log.write_behind({}, reached);
      EXPECT_FALSE(commit_and_wait(log, inbox, record(reached + 1, {instance("w1")})));
    }
  }
  EXPECT_GE(reload(temp).high_water, reached);
}

TEST_F(SqliteLogTest, ObservationsAreWrittenBehindWithinASecondAndCoalesced) {
  with_log([](SqliteLog& log, Inbox& inbox) {
    EXPECT_FALSE(commit_and_wait(log, inbox, record(1, {instance("w1")})));
    const auto before = log.stats().log_rows;
    for (int i = 0; i < 1000; ++i) {
      log.write_behind({state("w1", i % 2 ? CheckState::passing : CheckState::critical)}, static_cast<Revision>(2 + i));
    }
    ASSERT_TRUE(inbox.run_until([&] { return log.stats().log_rows > before; }));
    EXPECT_LE(log.stats().log_rows, before + 3);
  });
  const auto stored = rows(reload(temp));
  EXPECT_THAT(stored.at("c/worker.corp/w1/http"), HasSubstr("passing"));
}

TEST_F(SqliteLogTest, ACommitTakesWaitingObservationsAlong) {
  with_log([](SqliteLog& log, Inbox& inbox) {
    log.write_behind({state("w1", CheckState::critical)}, 1);
    EXPECT_FALSE(commit_and_wait(log, inbox, record(2, {instance("w1")})));
    EXPECT_EQ(log.stats().log_rows, 2U);
  });
}

TEST_F(SqliteLogTest, TheLiveRowsAreCurrent) {
  with_log([](SqliteLog& log, Inbox& inbox) {
    const auto put = [&](Revision revision, std::vector<Effect> effects) {
      Record next = record(revision, std::move(effects));
      stamp_revisions(next);
      EXPECT_FALSE(commit_and_wait(log, inbox, std::move(next)));
    };
    PutInstanceEffect w1 = instance("w1"), w2 = instance("w2");
    w1.created = w2.created = 0;
    put(1, {w1, w2});
    EXPECT_EQ(log.stats().live_rows, 2U);
    put(2, {instance("w1")});
    EXPECT_EQ(log.stats().live_rows, 2U);
    put(3, {DeleteInstanceEffect{"worker.corp", "w2"}});
    EXPECT_EQ(log.stats().live_rows, 1U);
    EXPECT_EQ(log.stats().log_rows, 4U);
  });
}

TEST_F(SqliteLogTest, TheEndOfAnInstanceEndsItsStatesAndDrains) {
  with_log([](SqliteLog& log, Inbox& inbox) {
    EXPECT_FALSE(commit_and_wait(
        log, inbox,
        record(1, {instance("w1"), instance("w10"), DrainEffect{"worker.corp", "w1", Wall(Millis(5)), {}},
                   state("w1", CheckState::passing), state("w10", CheckState::passing)})));
    log.write_behind({state("w1", CheckState::critical), state("w10", CheckState::critical)}, 2);
    EXPECT_FALSE(commit_and_wait(log, inbox, record(3, {DeleteInstanceEffect{"worker.corp", "w1"}})));
    EXPECT_FALSE(commit_and_wait(log, inbox, record(4, {instance("w1")})));
  });
  EXPECT_THAT(keys(reload(temp)), ElementsAre("c/worker.corp/w10/http", "i/worker.corp/w1", "i/worker.corp/w10"));
}

TEST_F(SqliteLogTest, TheEndOfAServiceEndsItsInstances) {
  with_log([](SqliteLog& log, Inbox& inbox) {
    PutServiceEffect service{DomainName::parse("worker.corp").value(), {}, true, 1};
    EXPECT_FALSE(commit_and_wait(
        log, inbox,
        record(1, {service, instance("w1"), state("w1", CheckState::passing), instance("x", "", "other.corp")})));
    EXPECT_FALSE(commit_and_wait(log, inbox, record(2, {DeleteServiceEffect{"worker.corp"}})));
    EXPECT_FALSE(commit_and_wait(log, inbox, record(3, {service, instance("w2")})));
  });
  EXPECT_THAT(keys(reload(temp)), ElementsAre("i/other.corp/x", "i/worker.corp/w2", "s/worker.corp"));
}

TEST_F(SqliteLogTest, ASecondProcessIsRefusedAndToldWhoHasIt) {
  with_log([&](SqliteLog&, Inbox&) {
    EXPECT_THAT(refusal(temp),
                ::testing::AllOf(HasSubstr("in use by process " + std::to_string(getpid())), HasSubstr("--data-dir")));
    const pid_t child = fork();
    if (child == 0)
      _exit(open((temp.path() / "data/dnsd.db").c_str(), O_RDONLY) >= 0 && refusal(temp) != "accepted" ? 0 : 1);
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  });
  EXPECT_EQ(refusal(temp), "accepted") << "the lock goes with its holder";
}

TEST_F(SqliteLogTest, RefusesANewerSchemaAForeignFileAndADamagedOneWithOneLine) {
  reload(temp);
  sql(temp, "PRAGMA user_version=4");
  EXPECT_THAT(refusal(temp), HasSubstr("newer dnsd (schema 4, this one knows 3)"));
  sql(temp, "PRAGMA user_version=3; PRAGMA application_id=7");
  EXPECT_THAT(refusal(temp), HasSubstr("not a database of dnsd"));
  sql(temp, "PRAGMA application_id=1145983812; CREATE TABLE other(x)");
  EXPECT_THAT(refusal(temp), HasSubstr("tables"));
  sql(temp, "DROP TABLE other");
  EXPECT_EQ(refusal(temp), "accepted");
  EXPECT_EQ(truncate((temp.path() / "data/dnsd.db").c_str(), 0), 0);
  std::filesystem::remove(temp.path() / "data/dnsd.db-wal");
  const std::string line = refusal(temp);
  EXPECT_NE(line, "accepted") << "an emptied file is not a new one";
  EXPECT_EQ(line.find('\n'), std::string::npos);
}

TEST_F(SqliteLogTest, ADatabaseOfTheFirstSchemaIsReadAndRaised) {
  with_log([](SqliteLog& log, Inbox& inbox) {
    EXPECT_FALSE(commit_and_wait(log, inbox, record(1, {instance("w1"), state("w1", CheckState::critical)})));
  });
  sql(temp, "PRAGMA user_version=1");
  EXPECT_THAT(keys(reload(temp)), ElementsAre("c/worker.corp/w1/http", "i/worker.corp/w1"));
  auto db = Database::open((temp.path() / "data/dnsd.db").string(), SQLITE_OPEN_READWRITE, nullptr);
  ASSERT_TRUE(db);
  EXPECT_EQ(db->integer("PRAGMA user_version").value_or(0), kSchema);
}

TEST_F(SqliteLogTest, ARowThatWasTamperedWithIsNamed) {
  with_log([](SqliteLog& log, Inbox& inbox) {
    for (Revision r = 1; r <= 3; ++r)
      EXPECT_FALSE(commit_and_wait(log, inbox, record(r, {instance("w" + std::to_string(r))})));
  });
  sql(temp, "UPDATE log SET body = replace(body, '10.0.0.1', '10.0.0.2') WHERE seq = 2");
  EXPECT_THAT(refusal(temp), ::testing::AllOf(HasSubstr("row 2"), HasSubstr("dnsd.db"), HasSubstr("restore a backup")));
  sql(temp, "DELETE FROM log WHERE seq = 2");
  EXPECT_THAT(refusal(temp), HasSubstr("3 rows"));
}

TEST_F(SqliteLogTest, CompactionForgetsWhatIsSupersededAndNothingElse) {
  SqliteLog::Options small = options(temp);
  small.kept_tail = 10;
  std::map<std::string, std::string> expected;
  {
    Inbox inbox;
    SqliteLog log(small, inbox.post());
    ASSERT_TRUE(log.load());
    Revision revision = 0;
    for (int round = 0; round < 60; ++round) {
      std::vector<Effect> effects;
      for (int i = 0; i < 50; ++i) effects.push_back(instance("w" + std::to_string(i), std::to_string(round)));
      effects.push_back(DeleteInstanceEffect{"worker.corp", "w" + std::to_string(round % 50)});
      effects.push_back(instance("kept" + std::to_string(round)));
      for (const Effect& effect : effects) {
        const codec::Row row = codec::encode(effect);
        if (row.body.empty()) {
          expected.erase(row.key);
        } else {
          expected[row.key] = row.body;
        }
      }
      EXPECT_FALSE(commit_and_wait(log, inbox, record(++revision, std::move(effects))));
    }
    ASSERT_TRUE(inbox.run_until([&] { return log.stats().log_rows <= 2 * (log.stats().live_rows + 10) + 52; }));
    EXPECT_LT(log.stats().log_rows, 1000U) << "of 3,120 that were written";
  }
  Inbox inbox;
  SqliteLog log(small, inbox.post());
  const auto loaded = log.load();
  ASSERT_TRUE(loaded) << loaded.error();
  EXPECT_EQ(rows(*loaded), expected);
}

TEST_F(SqliteLogTest, ABackupIsWholeAndOpensAsADatabase) {
  TempFolder other;
  with_log([&](SqliteLog& log, Inbox& inbox) {
    std::vector<Effect> many;
    for (int i = 0; i < 5000; ++i) many.push_back(instance("w" + std::to_string(i), std::string(200, 'x')));
    EXPECT_FALSE(commit_and_wait(log, inbox, record(1, std::move(many))));
    std::filesystem::create_directory(other.path() / "data");
    std::optional<std::optional<Problem>> outcome;
    log.backup(other.path() / "data/dnsd.db", [&](std::optional<Problem> problem) { outcome = std::move(problem); });
    EXPECT_FALSE(commit_and_wait(log, inbox, record(2, {instance("meanwhile")})));
    ASSERT_TRUE(inbox.run_until([&] { return outcome.has_value(); }));
    EXPECT_FALSE(*outcome) << (*outcome)->detail;
    outcome.reset();
    log.backup("/nonexistent-folder/x.db", [&](std::optional<Problem> problem) { outcome = std::move(problem); });
    ASSERT_TRUE(inbox.run_until([&] { return outcome.has_value(); }));
    EXPECT_TRUE(*outcome);
    EXPECT_FALSE(commit_and_wait(log, inbox, record(3, {instance("later")}))) << "a failed backup breaks nothing";
  });
  const Loaded copy = reload(other);
  EXPECT_GE(copy.effects.size(), 5000U);
  EXPECT_LE(copy.effects.size(), 5001U);
  EXPECT_FALSE(std::filesystem::exists(other.path() / "data/dnsd.db.part"));
  EXPECT_EQ(reload(temp).effects.size(), 5002U);
}

TEST_F(SqliteLogTest, EveryBackupIsAnsweredWhenItCloses) {
  Inbox inbox;
  int answered = 0;
  {
    SqliteLog log({.folder = temp.path() / "data"}, inbox.post());
    ASSERT_TRUE(log.load());
    for (const char* file : {"a.db", "b.db", "c.db"}) {
      log.backup(temp.path() / file, [&](std::optional<Problem>) { ++answered; });
    }
    log.close(1);
  }
  EXPECT_TRUE(inbox.run_until([&] { return answered == 3; }));
}

TEST_F(SqliteLogTest, ClosingTwiceOrWithoutLoadIsHarmless) {
  Inbox inbox;
  SqliteLog log(options(temp), inbox.post());
  log.close(1);
  EXPECT_EQ(log.stats().kind, "sqlite");
  SqliteLog loaded(options(temp), inbox.post());
  ASSERT_TRUE(loaded.load());
  loaded.write_behind({state("w1", CheckState::passing)}, 3);
  loaded.close(5);
  loaded.close(5);
}

TEST_F(SqliteLogTest, CloseWritesWhatWaits) {
  Inbox inbox;
  {
    SqliteLog log(options(temp), inbox.post());
    ASSERT_TRUE(log.load());
    log.write_behind({state("w1", CheckState::passing)}, 3);
    log.close(5);
  }
  EXPECT_THAT(keys(reload(temp)), ElementsAre("c/worker.corp/w1/http"));
}

}  // namespace
}  // namespace registry::store
