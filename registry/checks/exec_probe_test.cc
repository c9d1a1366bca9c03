#include <gmock/gmock.h>

#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "registry/checks/probe_test_tools.h"

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
  check.timeout = Millis(500);
  const ProbeResult result = run(check);
  EXPECT_EQ(result.verdict, Verdict::failed);
  EXPECT_EQ(result.fault, Fault::timeout);
  EXPECT_EQ(result.output, "timed out after 500ms");
  const pid_t child = std::stoi(read("child"));
  const Mono end = std::chrono::steady_clock::now() + kPatience;
  while (is_alive(child) && std::chrono::steady_clock::now() < end) ::sched_yield();
  EXPECT_FALSE(is_alive(child));
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

}  // namespace
}  // namespace registry::checks::test
