#include "api/dnsctl/run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "api/dnsctl/child.h"
#include "api/dnsctl/cli.h"
#include "api/dnsctl/fake_server_test.h"

namespace ctl {
namespace {

using Seen = FakeServer::Seen;
using Answer = FakeServer::Answer;

int run_command(const FakeServer& server, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"dnsctl", "--address", server.address(), "run", "--service", "worker.corp",
                                       "--id", "w1", "--port", "9000", "--lease", "3s"});
  std::vector<const char*> argv;
  for (const auto& argument : arguments) argv.push_back(argument.c_str());
  std::ostringstream out, err;
  return run_cli(
      static_cast<int>(argv.size()), argv.data(), [](auto&) { return std::nullopt; }, out, err);
}

// The tool in a process of its own, so that signals reach it and not the test.
class Tool {
 public:
  Tool(const FakeServer& server, const std::vector<std::string>& arguments) : pid_(::fork()) {
    if (pid_ == 0) ::_exit(run_command(server, arguments));
  }
  void signal(int number) const { ::kill(pid_, number); }
  [[nodiscard]] int wait() const {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

 private:
  pid_t pid_;
};

bool is_session(const Seen& seen) { return seen.method == "POST" && seen.target.ends_with("/session"); }
bool is_register(const Seen& seen) { return seen.method == "PUT" && seen.target.ends_with("/instances/w1"); }
bool is_heartbeat(const Seen& seen) { return seen.target.ends_with("/heartbeat"); }
bool is_drain(const Seen& seen) { return seen.target.ends_with("/drain"); }
bool is_deregister(const Seen& seen) { return seen.method == "DELETE"; }

const Answer kSessionStream{.status = 200, .body = {}, .stream = true};

Answer usual(const Seen& seen) {
  if (is_session(seen)) return kSessionStream;
  if (is_drain(seen)) return {202, R"({"left":"200ms","done":false})"};
  return is_register(seen) ? Answer{201, "{}"} : Answer{204, ""};
}

// A file that tells another process something.
class Mark {
 public:
  explicit Mark(const char* name)
      : path_(testing::TempDir() + testing::UnitTest::GetInstance()->current_test_info()->name() + name) {
    std::filesystem::remove(path_);
  }
  ~Mark() { std::filesystem::remove(path_); }
  Mark(const Mark&) = delete;
  Mark& operator=(const Mark&) = delete;
  void set() const { std::ofstream(path_) << "set"; }
  [[nodiscard]] bool is_set() const { return std::filesystem::exists(path_); }
  [[nodiscard]] bool wait() const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!is_set() && std::chrono::steady_clock::now() < deadline) ::poll(nullptr, 0, 5);
    return is_set();
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST(Run, LeavesWithTheProgramsCodeAndDeregisters) {
  FakeServer server(usual);
  const Mark end("end");
  const Tool tool(server, {"--", "sh", "-c", "while [ ! -e " + end.path() + " ]; do sleep 0.01; done; exit 7"});
  EXPECT_TRUE(server.wait_for(is_session));
  end.set();
  EXPECT_EQ(tool.wait(), 7);
  EXPECT_TRUE(server.wait_for(is_deregister));
}

TEST(Run, AProgramKilledByASignalIs128AndTheSignal) {
  FakeServer server(usual);
  EXPECT_EQ(Tool(server, {"--", "sh", "-c", "kill -9 $$"}).wait(), 128 + SIGKILL);
}

TEST(Run, AProgramThatDoesNotExistIs127AndIsNeverRegistered) {
  FakeServer server(usual);
  EXPECT_EQ(Tool(server, {"--", "/nonexistent/program"}).wait(), kNotFound);
  EXPECT_TRUE(server.seen().empty());
}

TEST(Run, RegistersOnceForAsLongAsItsConnectionLives) {
  FakeServer server(usual);
  const Tool tool(server, {"--", "sleep", "30"});
  ASSERT_TRUE(server.wait_for(is_session));
  const auto seen = server.seen();
  EXPECT_THAT(std::ranges::find_if(seen, is_session)->body, testing::HasSubstr(R"("lease":"3s")"));
  tool.signal(SIGTERM);
  EXPECT_EQ(tool.wait(), 128 + SIGTERM);
  EXPECT_EQ(std::ranges::count_if(server.seen(), is_session), 1);
  EXPECT_EQ(std::ranges::count_if(server.seen(), is_heartbeat), 0);
}

TEST(Run, ComesBackWhenTheServerEndsTheSession) {
  std::atomic<int> sessions{0};
  FakeServer server([&](const Seen& seen) {
    sessions += is_session(seen);
    return usual(seen);
  });
  const Tool tool(server, {"--", "sleep", "30"});
  ASSERT_TRUE(server.wait_for(is_session));
  server.end_streams();
  EXPECT_TRUE(server.wait_for([&](const Seen& seen) { return is_session(seen) && sessions > 1; }));
  tool.signal(SIGTERM);
  EXPECT_EQ(tool.wait(), 128 + SIGTERM);
}

TEST(Run, ANamespaceThatIsNotThereYetIsNoServerWithoutSessions) {
  std::atomic<int> sessions{0};
  FakeServer server([&](const Seen& seen) {
    if (is_session(seen) && sessions++ == 0) return Answer{404, R"({"type":"urn:dnsd:problem:unknown-namespace"})"};
    return usual(seen);
  });
  const Tool tool(server, {"--", "sleep", "30"});
  EXPECT_TRUE(server.wait_for([&](const Seen& seen) { return is_session(seen) && sessions > 1; }));
  EXPECT_EQ(std::ranges::count_if(server.seen(), is_heartbeat), 0);
  EXPECT_EQ(std::ranges::count_if(server.seen(), is_register), 0);
  tool.signal(SIGTERM);
  EXPECT_EQ(tool.wait(), 128 + SIGTERM);
}

TEST(Run, HeartbeatsWhereTheServerKnowsNoSessionsAndRegistersAgainWhereItForgot) {
  std::atomic<int> heartbeats{0};
  FakeServer server([&](const Seen& seen) {
    if (is_session(seen)) return Answer{404, "{}"};
    if (is_heartbeat(seen) && heartbeats++ == 0) return Answer{404, "{}"};
    return usual(seen);
  });
  const Tool tool(server, {"--", "sleep", "30"});
  // PUT, heartbeat 404, PUT again, heartbeat 204.
  EXPECT_TRUE(server.wait_for([&](const Seen& seen) { return is_heartbeat(seen) && heartbeats > 1; }));
  EXPECT_EQ(std::ranges::count_if(server.seen(), is_register), 2);
  tool.signal(SIGTERM);
  EXPECT_EQ(tool.wait(), 128 + SIGTERM);
}

TEST(Run, OnSigtermDrainsBeforeTheProgramHearsOfIt) {
  const Mark ready("ready"), heard("heard");
  std::atomic<bool> too_early{false};
  FakeServer server([&](const Seen& seen) {
    if (is_drain(seen)) too_early = heard.is_set();
    return usual(seen);
  });
  const Tool tool(server, {"--", "sh", "-c",
                           "trap 'touch " + heard.path() + "; exit 9' TERM; touch " + ready.path() +
                               "; while :; do sleep 0.01; done"});
  ASSERT_TRUE(server.wait_for(is_session));
  ASSERT_TRUE(ready.wait());
  tool.signal(SIGTERM);
  EXPECT_EQ(tool.wait(), 9);
  EXPECT_TRUE(heard.is_set());
  EXPECT_FALSE(too_early);
  const auto seen = server.seen();
  const auto drained = std::ranges::find_if(seen, is_drain);
  EXPECT_NE(std::find_if(drained, seen.end(), is_deregister), seen.end());
}

TEST(Run, ASecondSignalStopsTheProgramAtOnce) {
  FakeServer server([](const Seen& seen) {
    return is_drain(seen) ? Answer{202, R"({"left":"10m","done":false})"} : usual(seen);
  });
  const Tool tool(server, {"--grace", "10m", "--", "sleep", "600"});
  ASSERT_TRUE(server.wait_for(is_session));
  tool.signal(SIGTERM);
  ASSERT_TRUE(server.wait_for(is_drain));
  tool.signal(SIGTERM);
  EXPECT_EQ(tool.wait(), 128 + SIGTERM);
}

// The server forgets it while the drain runs: the address must not return to DNS.
TEST(Run, WhatIsBeingStoppedIsNotRegisteredAgain) {
  FakeServer server([](const Seen& seen) {
    return is_drain(seen) ? Answer{202, R"({"left":"1500ms","done":false})"} : usual(seen);
  });
  const Tool tool(server, {"--", "sleep", "30"});
  ASSERT_TRUE(server.wait_for(is_session));
  tool.signal(SIGTERM);
  ASSERT_TRUE(server.wait_for(is_drain));
  server.end_streams();
  EXPECT_EQ(tool.wait(), 128 + SIGTERM);
  EXPECT_EQ(std::ranges::count_if(server.seen(), is_session), 1);
  EXPECT_TRUE(server.wait_for(is_deregister));
}

TEST(Run, WhatIsBeingStoppedIsNotRegisteredAgainByHeartbeatsEither) {
  std::atomic<bool> draining{false};
  FakeServer server([&](const Seen& seen) {
    if (is_session(seen)) return Answer{405, "{}"};
    if (is_drain(seen)) {
      draining = true;
      return Answer{202, R"({"left":"1500ms","done":false})"};
    }
    return is_heartbeat(seen) && draining ? Answer{404, "{}"} : usual(seen);
  });
  const Tool tool(server, {"--", "sleep", "30"});
  ASSERT_TRUE(server.wait_for(is_register));
  tool.signal(SIGTERM);
  EXPECT_TRUE(server.wait_for([&](const Seen& seen) { return is_heartbeat(seen) && draining; }));
  EXPECT_EQ(tool.wait(), 128 + SIGTERM);
  EXPECT_EQ(std::ranges::count_if(server.seen(), is_register), 1);
  EXPECT_TRUE(server.wait_for(is_deregister));
}

TEST(Run, TheProgramRunsWhileTheServerIsAway) {
  Answer silent;
  silent.hang_up = true;
  FakeServer server([&](const Seen&) { return silent; });
  EXPECT_EQ(Tool(server, {"--", "sh", "-c", "exit 3"}).wait(), 3);
}

TEST(Run, ForwardsHangup) {
  FakeServer server(usual);
  const Mark ready("ready");
  const Tool tool(server,
                  {"--", "sh", "-c", "trap 'exit 5' HUP; touch " + ready.path() + "; while :; do sleep 0.01; done"});
  ASSERT_TRUE(ready.wait());
  tool.signal(SIGHUP);
  EXPECT_EQ(tool.wait(), 5);
}

}  // namespace
}  // namespace ctl
