#include "api/dnsctl/child.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace ctl {
namespace {

// Between fork and exec: only calls that are safe there.
[[noreturn]] void become(const std::vector<char*>& arguments, int report) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execvp(arguments.front(), arguments.data());
  const int error = errno;
  [[maybe_unused]] const auto written = ::write(report, &error, sizeof error);
  ::_exit(127);
}

}  // namespace

std::expected<Child, int> Child::start(const std::vector<std::string>& command) {
  std::vector<std::string> copy = command;
  std::vector<char*> arguments;
  for (auto& argument : copy) arguments.push_back(argument.data());
  arguments.push_back(nullptr);
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return std::unexpected(errno);
  const pid_t pid = ::fork();
  if (pid == 0) become(arguments, pipe[1]);
  const int fork_error = errno;
  ::close(pipe[1]);
  int error = pid < 0 ? fork_error : 0;
  // An exec that works closes the pipe without a word.
  if (pid > 0 && ::read(pipe[0], &error, sizeof error) != sizeof error) error = 0;
  ::close(pipe[0]);
  if (pid > 0 && error == 0) {
    ::setpgid(pid, pid);  // whichever of the two comes first; the other fails harmlessly
    return Child(pid);
  }
  if (pid > 0) ::waitpid(pid, nullptr, 0);
  return std::unexpected(error);
}

void Child::signal(int number) const { ::kill(-pid_, number); }

std::optional<int> Child::reap() const {
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) != pid_) return std::nullopt;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace ctl
