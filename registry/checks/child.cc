#include "registry/checks/child.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <utility>

#include "registry/checks/attempt.h"
#include "registry/checks/outcome.h"

namespace registry::checks {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

error_code system_error(int number) { return {number, boost::system::system_category()}; }

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (const std::string& text : texts) out.push_back(const_cast<char*>(text.c_str()));  // exec does not write
  out.push_back(nullptr);
  return out;
}

// How the child begins: its own group, no signal blocked or ignored, three descriptors and no other.
class Spawning {
 public:
  explicit Spawning(int output) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, output, STDERR_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
    posix_spawnattr_init(&attributes_);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~Spawning() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  Spawning(const Spawning&) = delete;
  Spawning& operator=(const Spawning&) = delete;

  int spawn(pid_t& pid, const std::vector<std::string>& command, const std::vector<std::string>& environment) {
    return posix_spawn(&pid, command[0].c_str(), &actions_, &attributes_, pointers(command).data(),
                       pointers(environment).data());
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

// What the daemon has for itself is taken back from the program: the soft limit of descriptors that it raised (programs
// that use select(2), or close all that they might have, rely on the usual one), and the protection from the kernel
// when memory is short. The probe thread's lower priority stays. posix_spawn(3) can do neither, so both come a moment
// after the program began; and what a sandbox of ours forbids stays undone.
void make_ordinary(pid_t pid) {
  constexpr rlim_t kUsual = 1024;
  rlimit limit{};
  if (::prlimit(pid, RLIMIT_NOFILE, nullptr, &limit) == 0 && limit.rlim_cur > kUsual) {
    limit.rlim_cur = kUsual;
    (void)::prlimit(pid, RLIMIT_NOFILE, &limit, nullptr);
  }
  int own = 0;
  std::ifstream("/proc/self/oom_score_adj") >> own;
  if (own < 0) std::ofstream("/proc/" + std::to_string(pid) + "/oom_score_adj") << 0;
}

}  // namespace

Child::Child(asio::io_context& io, std::size_t keep, Reaper& reaper)
    : output_(std::make_shared<Output>(io)), ended_(io), reaper_(reaper) {
  output_->keep = keep;
}

Child::~Child() {
  kill();
  error_code ignored;
  output_->pipe.close(ignored);
  output_->group = 0;
  if (pid_ > 0) reaper_.take(pid_, true);
}

std::optional<Child::Refusal> Child::start(const std::vector<std::string>& command,
                                           const std::vector<std::string>& environment) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) return Refusal{system_error(errno), true};
  error_code error;
  output_->pipe.assign(ends[0], error);
  if (error) ::close(ends[0]);
  if (!error) output_->pipe.non_blocking(true, error);
  // A program may take a full pipe that does not block for an error: only our end is non-blocking.
  if (!error && ::fcntl(ends[1], F_SETFL, 0) != 0) error = system_error(errno);
  const bool prepared = !error;
  if (!error) error = system_error(Spawning(ends[1]).spawn(pid_, command, environment));
  ::close(ends[1]);
  if (!error) return watch();
  pid_ = 0;
  // EAGAIN: too many processes. What else spawning says is about the program's file.
  return Refusal{error, !prepared || is_local(error, false) || error.value() == EAGAIN};
}

std::optional<Child::Refusal> Child::watch() {
  output_->group = pid_;
  make_ordinary(pid_);
  const int watched = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
  if (watched < 0) return Refusal{system_error(errno), true};
  error_code error;
  ended_.assign(watched, error);
  if (error) {
    ::close(watched);
    return Refusal{error, true};
  }
  pump(output_);
  return std::nullopt;
}

// The number is ours until it is reaped, so this cannot hit another group. The program may have left its own.
void Child::kill() {
  if (pid_ <= 0) return;
  ::kill(-pid_, SIGKILL);
  ::kill(pid_, SIGKILL);
}

void Child::give_up() {
  kill();
  error_code ignored;
  ended_.close(ignored);
}

// After its end was told: it is there to be reaped, and what it left in its group was killed.
void Child::collect() {
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) != pid_) return;
  status_ = status;
  output_->group = 0;
  reaper_.take(std::exchange(pid_, 0), false);
}

void Child::Output::take(std::string_view octets) {
  total += octets.size();
  kept.append(octets.substr(0, keep - std::min(keep, kept.size())));
  if (total <= kMostOutput) return;
  too_much = true;
  if (group > 0) ::kill(-group, SIGKILL);
}

bool Child::Output::read() {
  std::array<char, 4096> chunk;
  error_code error;
  while (!too_much) {
    const std::size_t size = pipe.read_some(asio::buffer(chunk), error);
    if (error) return error == asio::error::would_block;
    take({chunk.data(), size});
  }
  return false;
}

// Waits and then reads, instead of reading as soon as there is something: a read that has been done while its
// completion still waits its turn would hold octets that wait() must not miss.
void Child::pump(const std::shared_ptr<Output>& output) {
  output->pipe.async_wait(asio::posix::stream_descriptor::wait_read, [output](const error_code& error) {
    if (!error && output->pipe.is_open() && output->read()) pump(output);
  });
}

asio::awaitable<std::optional<int>> Child::wait() {
  auto [error] = co_await ended_.async_wait(asio::posix::stream_descriptor::wait_read, kAwait);
  kill();  // before it is reaped: what it left running in its group
  (void)output_->read();
  error_code ignored;
  output_->pipe.close(ignored);
  if (!error && ended_.is_open()) collect();
  co_return status_;
}

}  // namespace registry::checks
