#include "dnsd/serve/listeners.h"

#include <fmt/format.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include <algorithm>
#include <exception>

namespace dnsd::serve {
namespace {

// What the process may use, not what the machine has: containers pin.
int usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return ::sched_getaffinity(0, sizeof set, &set) == 0 ? std::max(1, CPU_COUNT(&set)) : 1;
}

// Signals are the control thread's: the threads made meanwhile inherit the mask.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;
  ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

}  // namespace

Listeners::Listeners(const ServerOptions& options, std::function<BatchHandler()> make_handler,
                     answers::Reclaimer& reclaimer)
    : options_(options),
      make_handler_(std::move(make_handler)),
      reclaimer_(reclaimer),
      clients_(options.tcp_per_client),
      proxies_(options.proxies) {}

Listeners::~Listeners() { stop(); }

std::expected<void, std::string> Listeners::open() {
  const int workers = std::clamp(options_.workers > 0 ? options_.workers : usable_cores(), 1, kMaxWorkers);
  if (auto bound = bind_all(workers); !bound) {
    bound_.clear(), proxy_bound_.clear();
    endpoints_.clear(), proxy_endpoints_.clear();
    return bound;
  }
  try {
    make_workers();
  } catch (const std::exception& error) {
    return std::unexpected(fmt::format("cannot serve DNS: {}", error.what()));
  }
  return {};
}

std::expected<void, std::string> Listeners::bind_all(int workers) {
  if (options_.listen.empty()) return std::unexpected(std::string("no address to serve DNS on"));
  auto plain = bind_list(options_.listen, workers, endpoints_, bound_);
  return plain ? bind_list(options_.proxy_listen, workers, proxy_endpoints_, proxy_bound_) : plain;
}

std::expected<void, std::string> Listeners::bind_list(const std::vector<Endpoint>& listen, int workers,
                                                      std::vector<Endpoint>& endpoints,
                                                      std::vector<BoundEndpoint>& bound) {
  const auto wanted = expand_wildcards(listen);
  if (!wanted) return std::unexpected(wanted.error());
  for (const auto& endpoint : *wanted) {
    auto one = bind_endpoint(endpoint, workers, options_.udp_receive_buffer);
    if (!one) return std::unexpected(std::move(one.error()));
    endpoints.push_back(one->endpoint);
    bound.push_back(std::move(*one));
  }
  return {};
}

void Listeners::make_udp(BoundEndpoint& bound, const PrefixList* proxies, std::vector<Listening>& listening) {
  const auto reply_octets = std::max<std::size_t>(options_.responder.udp_size, 512);
  listening.push_back({bound.tcp.get(), proxies});
  for (auto& fd : bound.udp) {
    udp_.push_back(
        std::make_unique<UdpWorker>(std::move(fd), bound.address, reply_octets, make_handler_(), reclaimer_, proxies));
  }
  bound.udp.clear();
}

void Listeners::make_workers() {
  const std::lock_guard lock(mutex_);
  std::vector<Listening> listening;
  for (auto& bound : bound_) make_udp(bound, nullptr, listening);
  for (auto& bound : proxy_bound_) make_udp(bound, &proxies_, listening);
  const int count = std::clamp(options_.tcp_workers, 1, kMaxWorkers);
  TcpLimits limits;
  limits.connections = std::max<std::size_t>(1, options_.tcp_connections / static_cast<std::size_t>(count));
  limits.idle = options_.tcp_idle;
  limits.idle_overload = options_.tcp_idle_overload;
  limits.io = options_.tcp_io;
  for (int i = 0; i < count; ++i)
    tcp_.push_back(std::make_unique<TcpWorker>(listening, limits, clients_, make_handler_(), reclaimer_));
}

void Listeners::start() {
  try {
    make_threads();
  } catch (...) {
    stop();  // those that were made
    throw;
  }
}

void Listeners::make_threads() {
  const SignalsBlocked blocked;
  const auto name = [this](const char* kind) {
    ::pthread_setname_np(threads_.back().native_handle(), fmt::format("dns-{}-{}", kind, threads_.size()).c_str());
  };
  for (auto& worker : udp_) {
    threads_.emplace_back([&worker = *worker] { worker.run(); });
    name("udp");
  }
  for (auto& worker : tcp_) {
    threads_.emplace_back([&worker = *worker] { worker.run(); });
    name("tcp");
  }
}

// The counters outlive the workers, so that a last scrape sees no fall.
void Listeners::stop() {
  for (auto& worker : udp_) worker->stop();
  for (auto& worker : tcp_) worker->stop();
  threads_.clear();  // joins
  auto last = counts();
  last.tcp_open = 0;
  const std::lock_guard lock(mutex_);
  final_ = last;
  udp_.clear();
  tcp_.clear();
  bound_.clear(), proxy_bound_.clear();
}

Listeners::Counts Listeners::counts() const {
  const std::lock_guard lock(mutex_);
  auto sum = final_;
  for (const auto& worker : udp_) {
    sum.dropped += worker->dropped();
    sum.socket_drops += worker->kernel_drops();
    sum.proxy_refused += worker->proxy_refused();
    sum.late += worker->late();
  }
  for (const auto& worker : tcp_) {
    const auto& counters = worker->counters();
    sum.late += worker->late();
    sum.tcp_open += counters.open.load(std::memory_order_relaxed);
    sum.tcp_accepted += counters.accepted.load(std::memory_order_relaxed);
    sum.tcp_closed_idle += counters.closed_idle.load(std::memory_order_relaxed);
    sum.tcp_refused += counters.refused.load(std::memory_order_relaxed);
    sum.proxy_refused += counters.proxy_refused.load(std::memory_order_relaxed);
  }
  return sum;
}

}  // namespace dnsd::serve
