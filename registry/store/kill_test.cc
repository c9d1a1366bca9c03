// kill -9 of a process that writes: no acknowledged record lost, none invented, no revision twice (scorecard C1).
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <map>
#include <random>
#include <sstream>

#include "registry/store/testing.h"

extern char** environ;

namespace registry::store {
namespace {

constexpr const char* kFolderVariable = "DNSD_TEST_WRITER_FOLDER";
constexpr int kSlots = 8;

// What the child says on its standard output: "T slot value revision" before it submits, "A ..." when the store
// acknowledged, "R revision" where the run began.
void say(char word, int slot, std::uint64_t value, Revision revision) {
  std::ostringstream line;
  line << word << ' ' << slot << ' ' << value << ' ' << revision << '\n';
  const std::string text = line.str();
  (void)!write(3, text.data(), text.size());
}

// Not a test: the program that is killed. Runs only where the variable says so.
TEST(Writer, WritesUntilItIsKilled) {
  const char* folder = std::getenv(kFolderVariable);
  if (!folder) GTEST_SKIP() << "runs as the child of the next test";
  Inbox inbox;
  SqliteLog log({.folder = folder, .kept_tail = 50}, inbox.post());
  const auto loaded = log.load();
  ASSERT_TRUE(loaded) << loaded.error();
  Revision revision = loaded->high_water;
  say('R', 0, 0, revision);
  for (std::uint64_t value = 0; value < 1'000'000; ++value) {
    const int slot = static_cast<int>(value % kSlots);
    const Revision mine = ++revision;
    say('T', slot, mine, mine);
    log.write_behind({state("s" + std::to_string(slot), CheckState::passing)}, mine);
    const auto problem =
        commit_and_wait(log, inbox, record(mine, {instance("s" + std::to_string(slot), std::to_string(mine))}));
    if (!problem) say('A', slot, mine, mine);
  }
}

class Child {
 public:
  explicit Child(const std::filesystem::path& folder) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 3);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    std::string variable = std::string(kFolderVariable) + "=" + folder.string();
    std::vector<char*> environment;
    for (char** entry = environ; *entry; ++entry) environment.push_back(*entry);
    environment.push_back(variable.data());
    environment.push_back(nullptr);
    char name[] = "writer", filter[] = "--gtest_filter=Writer.WritesUntilItIsKilled";
    char* arguments[] = {name, filter, nullptr};
    if (posix_spawn(&pid_, "/proc/self/exe", &actions, nullptr, arguments, environment.data()) != 0) pid_ = -1;
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    out_ = ends[0];
  }
  ~Child() { close(out_); }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  [[nodiscard]] bool started() const { return pid_ > 0; }
  // Everything that the child said until it had acknowledged `acks` and some time more, when it is killed.
  std::string run(int acks, std::chrono::microseconds more) {
    std::string said;
    char buffer[4096];
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    std::optional<std::chrono::steady_clock::time_point> end;
    bool killed = false;
    while (true) {
      pollfd waiting{.fd = out_, .events = POLLIN, .revents = 0};
      poll(&waiting, 1, 1);
      if (waiting.revents != 0) {
        const ssize_t size = read(out_, buffer, sizeof buffer);
        if (size <= 0) break;
        said.append(buffer, static_cast<std::size_t>(size));
      }
      const auto now = std::chrono::steady_clock::now();
      if (!end && std::count(said.begin(), said.end(), 'A') >= acks) end = now + more;
      if (!killed && ((end && now >= *end) || now > give_up)) {
        kill(pid_, SIGKILL);
        killed = true;
      }
    }
    waitpid(pid_, nullptr, 0);
    return said;
  }

 private:
  pid_t pid_ = -1;
  int out_ = -1;
};

struct Ledger {
  std::map<int, std::uint64_t> tried, acknowledged;
  Revision highest = 0;  // that was handed out, in any run
  int acks = 0;
};

// Reads what one child said; fails the test where its revisions began below what was handed out before.
void note(Ledger& ledger, const std::string& said) {
  std::istringstream lines(said);
  char word = 0;
  int slot = 0;
  std::uint64_t value = 0;
  Revision revision = 0;
  while (lines >> word >> slot >> value >> revision) {
    if (word == 'R') {
      EXPECT_GE(revision, ledger.highest) << "revisions ran backwards";
    } else if (word == 'T') {
      EXPECT_GT(revision, ledger.highest) << "a revision was handed out twice";
      ledger.tried[slot] = value;
      ledger.highest = revision;
    } else if (word == 'A') {
      ledger.acknowledged[slot] = value;
      ++ledger.acks;
    }
  }
}

TEST(Kill, LosesNothingAcknowledgedAndInventsNothing) {
  TempFolder temp;
  std::mt19937 dice(1);
  Ledger ledger;
  for (int round = 0; round < 20; ++round) {
    Child child(temp.path() / "data");
    ASSERT_TRUE(child.started());
    note(ledger, child.run(1 + static_cast<int>(dice() % 200), std::chrono::microseconds(dice() % 3000)));
    Inbox inbox;
    SqliteLog log({.folder = temp.path() / "data"}, inbox.post());
    const auto loaded = log.load();
    ASSERT_TRUE(loaded) << loaded.error();
    EXPECT_GE(loaded->high_water, ledger.highest);
    std::map<int, std::uint64_t> stored;
    for (const Effect& effect : loaded->effects) {
      if (const auto* put = std::get_if<PutInstanceEffect>(&effect)) {
        stored[std::atoi(put->def.id.c_str() + 1)] = std::strtoull(put->def.meta.at("note").c_str(), nullptr, 10);
      }
    }
    for (const auto& [slot, value] : ledger.acknowledged) {
      ASSERT_TRUE(stored.contains(slot));
      // The commit that was under way may have reached the disk unheard; nothing later can have.
      ASSERT_TRUE(stored[slot] == value || stored[slot] == ledger.tried[slot])
          << "round " << round << ": acknowledged " << value << ", stored " << stored[slot];
    }
    for (const auto& [slot, value] : stored) ASSERT_TRUE(ledger.tried.contains(slot));
    ledger.acknowledged = stored;  // what a restart showed is as good as acknowledged
    ledger.highest = std::max(ledger.highest, loaded->high_water);
  }
  EXPECT_GT(ledger.acks, 200);
}

}  // namespace
}  // namespace registry::store
