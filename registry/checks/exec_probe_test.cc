#include <gmock/gmock.h>

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <functional>

#include "registry/checks/probe_test_tools.h"
#include "registry/checks/refusing_test_tools.h"

namespace registry::checks::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class ExecProbe : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "checks_exec_" + std::to_string(::getpid());
    ::mkdir(folder_.c_str(), 0700);
  }
  // A program of its own, in the shell's language; a check has no shell to lend.
  std::string script(const std::string& name, const std::string& text) {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path) << "#!/bin/sh\n" << text << "\n";
    ::chmod(path.c_str(), 0700);
    return path;
  }
  static CheckDef exec_check(std::vector<std::string> command) {
    CheckDef check;
    check.name = "disk";
    check.kind = CheckKind::exec;
    check.exec = std::move(command);
    check.timeout = kPatience;
    return check;
  }
  static ProbeResult run(const CheckDef& check) {
    InstanceDef def;
    const boost::asio::ip::tcp::endpoint about(boost::asio::ip::make_address("10.0.0.7"), 5432);
    return ask(check, about, {}, def);
  }
  std::string read(const std::string& name) {
    std::ifstream file(folder_ + "/" + name);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static bool eventually(const std::function<bool()>& reached) {
    const Mono end = std::chrono::steady_clock::now() + kPatience;
    while (!reached() && std::chrono::steady_clock::now() < end) ::sched_yield();
    return reached();
  }
  static bool is_alive(pid_t process) {  // a zombie that nobody reaps is not
    std::ifstream file("/proc/" + std::to_string(process) + "/stat");
    std::string fields;
    std::getline(file, fields);
    return !fields.empty() && fields.find(") Z ") == fields.npos;
  }
  std::string folder_;
};

TEST_F(ExecProbe, JudgesTheExitCode) {
  const struct {
    std::string text;
    Verdict verdict;
    std::string_view output;
  } kCases[] = {
      {"echo fine", Verdict::ok, "fine"},
      {"exit 0", Verdict::ok, "exit 0"},
      {"echo nearly full; exit 1", Verdict::warn, "nearly full"},
      {"echo full >&2; exit 2", Verdict::failed, "full"},
      {"exit 3", Verdict::failed, "exit 3"},
      {"kill -TERM $$", Verdict::failed, "ended by signal 15"},
  };
  int number = 0;
  for (const auto& c : kCases) {
    const ProbeResult result = run(exec_check({script("case" + std::to_string(++number), c.text)}));
    EXPECT_EQ(result.verdict, c.verdict) << c.text;
    EXPECT_EQ(result.output, c.output);
  }
}

TEST_F(ExecProbe, PassesTheArgumentsAsTheyAreAndFillsInTheInstance) {
  const std::string show = script("show", R"(printf '%s|' "$@")");
  EXPECT_EQ(run(exec_check({show, "a b", "$HOME", "`id`", "*", "", "{address}:{port}", "{port}{port}"})).output,
            "a b|$HOME|`id`|*||10.0.0.7:5432|54325432|");
}

TEST_F(ExecProbe, HasNoneOfOurEnvironmentInputOrDescriptors) {
  ::setenv("DNSD_TOKEN", "secret", 1);
  const ProbeResult environment = run(exec_check({script("environment", "cat; env | sort")}));
  ::unsetenv("DNSD_TOKEN");
  EXPECT_THAT(environment.output, StartsWith("DNSD_ADDRESS=10.0.0.7 DNSD_CHECK=disk DNSD_INSTANCE=w1 DNSD_PORT=5432 "
                                             "DNSD_SERVICE=worker.corp "));
  EXPECT_THAT(environment.output, testing::Not(HasSubstr("secret")));
  EXPECT_EQ(run(exec_check({"/bin/ls", "/proc/self/fd"})).output, "0 1 2 3") << "3 is the folder that ls reads";
}

TEST_F(ExecProbe, AtTheDeadlineTheWholeGroupIsKilled) {
  const std::string slow =
      script("slow", "echo begun; (exec tail -f /dev/null) & echo $! > " + folder_ + "/child; wait");
  CheckDef check = exec_check({slow});
  check.timeout = Millis(2000);
  const ProbeResult result = run(check);
  EXPECT_EQ(result.verdict, Verdict::failed);
  EXPECT_EQ(result.fault, Fault::timeout);
  EXPECT_EQ(result.output, "timed out after 2s");
  ASSERT_FALSE(read("child").empty());
  const pid_t child = std::stoi(read("child"));
  EXPECT_TRUE(eventually([&] { return !is_alive(child); }));
}

TEST_F(ExecProbe, WhatItLeavesBehindDoesNotHoldTheResultBackAndIsKilled) {
  const std::string leaves = script("leaves", "(exec tail -f /dev/null) & echo done");
  const ProbeResult result = run(exec_check({leaves}));
  EXPECT_EQ(result.verdict, Verdict::ok);
  EXPECT_EQ(result.output, "done");
}

TEST_F(ExecProbe, TooMuchOutputEndsIt) {
  const ProbeResult result = run(exec_check({"/usr/bin/yes"}));
  EXPECT_EQ(result.verdict, Verdict::failed);
  EXPECT_EQ(result.output, "wrote more than 65536 octets, and was killed");
  const ProbeResult some = run(exec_check({"/usr/bin/printf", "%500s", "x"}));
  EXPECT_EQ(some.verdict, Verdict::ok);
  EXPECT_LE(some.output.size(), 256U);
}

TEST_F(ExecProbe, WhatCannotBeRunFailsWithTheReason) {
  const ProbeResult absent = run(exec_check({folder_ + "/absent"}));
  EXPECT_EQ(absent.verdict, Verdict::failed);
  EXPECT_THAT(absent.output, StartsWith("cannot be run: No such file"));
  std::ofstream(folder_ + "/plain") << "text";
  EXPECT_THAT(run(exec_check({folder_ + "/plain"})).output, StartsWith("cannot be run: Permission denied"));
}

// The kernel does not let us end it: as for a program that hangs in a call that nothing interrupts.
TEST_F(ExecProbe, ThatCannotBeEndedIsReportedAtItsTimeoutAllTheSame) {
  CheckDef check = exec_check({script("stays", "echo $$ > " + folder_ + "/stays.pid; exec sleep 30")});
  check.timeout = Millis(2000);  // a busy machine late by half of it makes the result unknown
  const auto result = refusing({SYS_kill, SYS_tgkill, SYS_pidfd_send_signal}, EPERM, [&] { return run(check); });
  if (!result) GTEST_SKIP() << "no seccomp here";
  EXPECT_EQ(result->fault, Fault::timeout);
  EXPECT_EQ(result->output, "timed out after 2s");
  ASSERT_FALSE(read("stays.pid").empty());
  const pid_t program = std::stoi(read("stays.pid"));
  EXPECT_TRUE(is_alive(program)) << "the result waited for it";
  ::kill(program, SIGKILL);
  EXPECT_EQ(::waitpid(program, nullptr, 0), program);
}

TEST_F(ExecProbe, NoFurtherOneIsStartedWhileTooManyCannotBeEnded) {
  Repeated probe(exec_check({"/bin/true"}));
  std::vector<pid_t> stuck;
  for (std::size_t i = 0; i < Reaper::kMaxLeft; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::setpgid(0, 0);
      for (;;) ::pause();
    }
    probe.programs().take(child, true);
    stuck.push_back(child);
  }
  const boost::asio::ip::tcp::endpoint nowhere;
  EXPECT_EQ(probe.ask(nowhere).verdict, Verdict::unknown);
  ::kill(stuck.front(), SIGKILL);
  ASSERT_TRUE(eventually([&] {
    probe.programs().sweep();
    return !probe.programs().full();
  }));
  EXPECT_EQ(probe.ask(nowhere).verdict, Verdict::ok);
  for (const pid_t child : stuck) ::kill(child, SIGKILL);
  EXPECT_TRUE(eventually([&] {
    probe.programs().sweep();
    return probe.programs().empty();
  }));
}

TEST_F(ExecProbe, WhereOrphansFallToUsTheyAreReapedToo) {
  while (::waitpid(-1, nullptr, 0) > 0) {  // what the other tests killed, whose reapers did not live to see it
  }
  ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1), 0);  // as PID 1 of a container
  Repeated probe(exec_check({script("orphans", "(exec tail -f /dev/null) & (exec tail -f /dev/null) & echo done")}));
  EXPECT_EQ(probe.ask({}).output, "done");
  EXPECT_TRUE(eventually([&] {
    probe.programs().sweep();
    return probe.programs().empty();
  }));
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD) << "somebody is left";
  ::prctl(PR_SET_CHILD_SUBREAPER, 0);
}

TEST_F(ExecProbe, AKernelThatTellsNoEndIsOurFault) {
  const auto result = refusing({SYS_pidfd_open}, ENOSYS, [&] { return run(exec_check({"/bin/true"})); });
  if (!result) GTEST_SKIP() << "no seccomp here";
  EXPECT_EQ(result->verdict, Verdict::unknown);
  EXPECT_THAT(result->output, StartsWith("local fault: "));
}

TEST_F(ExecProbe, ACharacterIsNotCutInTwo) {
  const std::string many(255, 'x');
  EXPECT_EQ(run(exec_check({"/usr/bin/printf", "%s", many + "\u00e9" + many})).output, many);
}

TEST_F(ExecProbe, OutputThatComesInPiecesAndWithTheEndIsAllThere) {
  const std::string path = script("pieces", "echo one; echo two; echo three");
  for (int i = 0; i < 50; ++i) EXPECT_EQ(run(exec_check({path})).output, "one two three");
}

TEST_F(ExecProbe, HasTheUsualLimitOfDescriptorsAndNotOurs) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  if (before.rlim_max < 2000) GTEST_SKIP() << "the hard limit is below what is to be lowered";
  const rlimit raised{2000, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &raised), 0);
  // It may begin a moment before it is told.
  CheckDef check = exec_check({script("limit", "until [ $(ulimit -Sn) = 1024 ]; do :; done; ulimit -Hn")});
  const ProbeResult result = run(check);
  EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(result.output, before.rlim_max == RLIM_INFINITY ? "unlimited" : std::to_string(before.rlim_max));
}

TEST_F(ExecProbe, IsNotProtectedAsWeAreWhenMemoryIsShort) {
  constexpr const char* kOwn = "/proc/self/oom_score_adj";
  int before = 0;
  std::ifstream(kOwn) >> before;
  if (!(std::ofstream(kOwn) << -7 << std::flush)) GTEST_SKIP() << "this needs a privilege";
  const ProbeResult result =
      run(exec_check({script("oom", "until [ $(cat /proc/$$/oom_score_adj) = 0 ]; do :; done; echo 0")}));
  std::ofstream(kOwn) << before;
  EXPECT_EQ(result.output, "0");
}

}  // namespace
}  // namespace registry::checks::test
