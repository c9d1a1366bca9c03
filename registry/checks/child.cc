#include "registry/checks/child.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <cerrno>
#include <csignal>
#include <utility>

#include "registry/checks/attempt.h"

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

}  // namespace

Child::Child(asio::io_context& io, std::size_t keep) : output_(std::make_shared<Output>(io)), ended_(io) {
  output_->keep = keep;
}

Child::~Child() {
  kill();
  error_code ignored;
  output_->pipe.close(ignored);
  reap();
}

error_code Child::start(const std::vector<std::string>& command, const std::vector<std::string>& environment) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) return system_error(errno);
  error_code error;
  output_->pipe.assign(ends[0], error);
  if (!error) output_->pipe.non_blocking(true, error);
  // A program may take a full pipe that does not block for an error: only our end is non-blocking.
  if (!error && ::fcntl(ends[1], F_SETFL, 0) != 0) error = system_error(errno);
  if (!error) error = system_error(Spawning(ends[1]).spawn(pid_, command, environment));
  ::close(ends[1]);
  if (error) {
    pid_ = 0;
    return error;
  }
  const int watch = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
  if (watch < 0) return system_error(errno);
  ended_.assign(watch, error);
  output_->group = pid_;
  if (!error) pump(output_);
  return error;
}

// The number is ours until it is reaped, so this cannot hit another group.
void Child::kill() {
  if (pid_ > 0) ::kill(-pid_, SIGKILL);
}

// Only after its end or after kill(): then it does not block for long.
void Child::reap() {
  if (pid_ <= 0) return;
  int status = 0;
  pid_t done = 0;
  do {
    done = ::waitpid(pid_, &status, 0);
  } while (done < 0 && errno == EINTR);
  if (done == pid_) status_ = status;
  pid_ = 0;
}

void Child::Output::take(std::size_t size) {
  total += size;
  kept.append(chunk.data(), std::min(size, keep - std::min(keep, kept.size())));
  if (total <= kMostOutput) return;
  too_much = true;
  ::kill(-group, SIGKILL);  // not reaped yet: the pipe is closed before
}

void Child::Output::drain() {
  error_code error;
  while (!too_much) {
    const std::size_t size = pipe.read_some(asio::buffer(chunk), error);
    if (error) break;  // its end, or nothing more now
    take(size);
  }
  pipe.close(error);
}

void Child::pump(const std::shared_ptr<Output>& output) {
  output->pipe.async_read_some(asio::buffer(output->chunk), [output](const error_code& error, std::size_t size) {
    if (error) return;
    output->take(size);
    if (!output->too_much) pump(output);
  });
}

asio::awaitable<std::optional<int>> Child::wait() {
  auto [error] = co_await ended_.async_wait(asio::posix::stream_descriptor::wait_read, kAwait);
  kill();  // before it is reaped: what it left running in its group
  output_->drain();
  if (!error) reap();
  co_return status_;
}

}  // namespace registry::checks
