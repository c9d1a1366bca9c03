#include "registry/checks/runner.h"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <csignal>
#include <optional>
#include <thread>
#include <utility>

#include "registry/checks/follower.h"
#include "registry/checks/mailbox.h"
#include "registry/checks/prober.h"

namespace registry::checks {
namespace {

namespace asio = boost::asio;

// Commands per turn of the loop: a registry of 100,000 targets read at once takes 100 turns with probes in between,
// none of them over a few milliseconds.
constexpr std::size_t kCommandsPerTurn = 1000;

constexpr int kNice = 5;  // behind the threads that answer DNS (MECHANISMS: threads)

void prepare_thread() {
  pthread_setname_np(pthread_self(), "probes");
  // Best effort: on Linux a thread has its own nice value.
  (void)setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), kNice);
}

// Whoever starts the daemon may have left it ignored, which is inherited; then no program's end could be awaited.
void hear_of_children() {
  struct sigaction now {};
  if (::sigaction(SIGCHLD, nullptr, &now) == 0 && now.sa_handler == SIG_IGN) (void)std::signal(SIGCHLD, SIG_DFL);
}

}  // namespace

std::size_t most_descriptors(const Options& options) { return (2 + KeptCount::kPerPlace) * options.max_concurrent; }

struct Runner::Impl {
  Impl(const Options& options, std::function<void(Report)> report, std::function<void(HostReport)> report_host)
      : idle_after(options.idle_after), prober(io, options, std::move(report), std::move(report_host)) {}

  // Control thread.
  void send(std::vector<Command> commands) {
    if (commands.empty() || stopped) return;
    if (!started) {
      for (Command& command : commands) {
        if (auto* add = std::get_if<AddTarget>(&command)) add->spread = true;
      }
    }
    if (mailbox.put(std::move(commands)) && started) wake();
  }

  void start();
  void stop();

  void wake() {
    asio::post(io, [this] { drain(); });
  }

  void drain() {  // probe thread
    for (Command& command : mailbox.take(kCommandsPerTurn)) prober.execute(std::move(command));
    if (!mailbox.empty()) wake();
    prober.pump();
  }

  const Millis idle_after;
  asio::io_context io{1};  // one thread runs it; others only post
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work;
  Mailbox mailbox;
  Prober prober;
  Follower follower;  // control thread
  std::thread thread;
  bool started = false, stopped = false;  // control thread
};

void Runner::Impl::start() {
  if (started || stopped) return;
  started = true;
  hear_of_children();
  work.emplace(io.get_executor());
  asio::post(io, [this] {
    prober.start();
    drain();
  });
  // Signals are for the control thread: the new thread inherits a full mask.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread = std::thread([this] {
    prepare_thread();
    io.run();
  });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void Runner::Impl::stop() {
  stopped = true;
  if (!thread.joinable()) return;
  asio::post(io, [this] {
    prober.stop();
    work.reset();  // the loop ends when the last attempt has returned
  });
  thread.join();
}

Runner::Runner(Options options, std::function<void(Report)> report, std::function<void(HostReport)> report_host)
    : impl_(std::make_unique<Impl>(options, std::move(report), std::move(report_host))) {}

Runner::~Runner() { stop(); }

void Runner::start() { impl_->start(); }
void Runner::stop() { impl_->stop(); }

void Runner::follow(const Registry& registry, const ChangeSet& changes) {
  std::vector<Command> commands;
  impl_->follower.follow(registry, changes, commands);
  impl_->send(std::move(commands));
}

void Runner::follow_all(const Registry& registry) {
  std::vector<Command> commands;
  impl_->follower.follow_all(registry, commands);
  impl_->send(std::move(commands));
}

void Runner::review(Mono now, const std::function<std::optional<Mono>(std::string_view)>& last_asked) {
  if (impl_->idle_after == Millis{}) return;
  std::vector<Command> commands;
  impl_->follower.review(now, impl_->idle_after, last_asked, commands);
  impl_->send(std::move(commands));
}

bool Runner::is_current(const Report& report) const {
  return impl_->follower.probes(report.service, report.id, report.check, report.generation);
}

bool Runner::is_current(const HostReport& report) const {
  return impl_->follower.watches(report.service, report.id, report.generation);
}

Runner::Stats Runner::stats() const {
  const Counters& counters = impl_->prober.counters();
  const auto read = [](const auto& counter) { return counter.load(std::memory_order_relaxed); };
  const auto verdict = [&](Verdict v) { return read(counters.verdicts[static_cast<std::size_t>(v)]); };
  Stats out;
  out.ok = verdict(Verdict::ok);
  out.warn = verdict(Verdict::warn);
  out.failed = verdict(Verdict::failed);
  out.unknown = verdict(Verdict::unknown);
  out.running = read(counters.running);
  out.waiting = read(counters.waiting);
  out.targets = read(counters.targets);
  out.skipped = read(counters.skipped);
  out.hosts = read(counters.hosts);
  out.idle = read(counters.idle);
  out.worst_lag = std::chrono::microseconds(read(counters.worst_lag));
  return out;
}

}  // namespace registry::checks
