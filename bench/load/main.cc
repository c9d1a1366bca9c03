// A load generator that costs less per query than the servers it measures. Over loopback, one thread, it spins: give it
// a core of its own. Only 127.0.0.1 is ever asked. Prints one JSON object.
//
//   load --port P --queries FILE [--seconds 3] [--sockets 1] [--window 32]      closed loop over UDP
//   load ... --rate 20000 [--sockets 4] [--sleep 1]                             open loop over UDP
//   load ... --tcp 1 [--sockets 4] [--window 64] [--held 10000]                 closed loop over TCP
//
// FILE holds "name TYPE" a line. A query without a reply for a second counts as lost. In the open loop a latency counts
// from the moment when the query was due (no coordinated omission) to the moment when the kernel took the reply in;
// `--sleep 1` sleeps between two queries and takes the real-time class, for a core that others need as well.
// `--held` opens so many connections besides, each asked once before and once after the run.
#include <sched.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bench/load/queries.h"
#include "bench/load/tcp_client.h"
#include "bench/load/udp_client.h"

namespace {

using load::now;

constexpr std::uint64_t kExpireEvery = 250'000'000;

struct Options {
  std::string queries;
  std::uint16_t port = 0;
  std::size_t sockets = 1, window = 32, held = 0;
  double seconds = 3, rate = 0;
  bool tcp = false, sleep = false;
};

Options parse(int argc, char** argv) {
  std::map<std::string, std::string> given;
  for (int i = 1; i + 1 < argc; i += 2) given[argv[i]] = argv[i + 1];
  const auto take = [&](const std::string& flag, const std::string& otherwise) {
    const auto found = given.extract(flag);
    return found ? found.mapped() : otherwise;
  };
  Options out;
  out.queries = take("--queries", "");
  out.port = static_cast<std::uint16_t>(std::stoi(take("--port", "0")));
  out.seconds = std::stod(take("--seconds", "3"));
  out.rate = std::stod(take("--rate", "0"));
  out.sockets = std::clamp<std::size_t>(std::stoul(take("--sockets", "1")), 1, 20'000);
  out.window = std::clamp<std::size_t>(std::stoul(take("--window", "32")), 1, load::kSlots);
  out.held = std::stoul(take("--held", "0"));
  out.tcp = take("--tcp", "0") == "1";
  out.sleep = take("--sleep", "0") == "1";
  if (!given.empty() || argc % 2 == 0) load::fail("unknown flag " + (given.empty() ? "" : given.begin()->first));
  if (out.port == 0 || out.queries.empty()) load::fail("--port and --queries are needed");
  return out;
}

// Every so often: which queries have waited too long.
class Expiry {
 public:
  template <typename Clients>
  void operator()(Clients& clients, std::uint64_t at) {
    if (at - last_ < kExpireEvery) return;
    last_ = at;
    for (auto& client : clients) client->expire(at);
  }

 private:
  std::uint64_t last_ = now();
};

bool busy(const auto& clients) {
  return std::ranges::any_of(clients, [](const auto& client) { return client->in_flight() > 0; });
}

using UdpClients = std::vector<std::unique_ptr<load::UdpClient>>;

void closed_loop(UdpClients& clients, std::size_t window, std::uint64_t end) {
  Expiry expiry;
  for (auto at = now(); at < end; at = now()) {
    for (auto& client : clients) {
      client->drain();
      client->fill(window);
    }
    expiry(clients, at);
  }
}

void open_loop(UdpClients& clients, const Options& options, std::uint64_t begin, std::uint64_t end) {
  const double step = 1e9 / options.rate;
  Expiry expiry;
  std::uint64_t count = 0, due = begin;
  while (due < end) {
    const auto at = now();
    for (; due <= at && due < end; due = begin + static_cast<std::uint64_t>(static_cast<double>(count) * step)) {
      clients[count++ % clients.size()]->send_due(due);
    }
    for (auto& client : clients) client->drain();
    expiry(clients, at);
    if (options.sleep) {
      const timespec until{static_cast<time_t>(due / 1'000'000'000), static_cast<long>(due % 1'000'000'000)};
      clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
    }
  }
}

void run_udp(const Options& options, const std::vector<load::Packet>& queries, load::Totals& totals) {
  UdpClients clients;
  for (std::size_t i = 0; i < options.sockets; ++i) {
    const auto first = queries.size() / options.sockets * i;
    clients.push_back(std::make_unique<load::UdpClient>(options.port, queries, first, options.rate > 0, totals));
  }
  if (options.sleep) {  // without the right to it the figures are noisier, not wrong
    const sched_param priority{1};
    sched_setscheduler(0, SCHED_FIFO, &priority);
    prctl(PR_SET_TIMERSLACK, 1);
  }
  const auto begin = now(), end = begin + static_cast<std::uint64_t>(options.seconds * 1e9);
  options.rate > 0 ? open_loop(clients, options, begin, end) : closed_loop(clients, options.window, end);
  const double seconds = static_cast<double>(now() - begin) / 1e9;
  while (busy(clients) && now() < end + 2 * load::kLost) {
    for (auto& client : clients) {
      client->drain();
      client->expire(now());
    }
  }
  print(totals, seconds);
}

void wait(int epoll, int milliseconds) {
  std::array<epoll_event, 64> events;
  const int ready = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), milliseconds);
  for (int i = 0; i < ready; ++i) static_cast<load::TcpClient*>(events[static_cast<std::size_t>(i)].data.ptr)->handle();
}

void run_tcp(const Options& options, const std::vector<load::Packet>& queries, load::Totals& totals) {
  std::vector<int> held;
  held.reserve(options.held);
  for (std::size_t i = 0; i < options.held; ++i) held.push_back(load::connect_tcp(options.port));
  for (const int s : held) totals.held += load::ask(s, queries[0]);
  const int epoll = epoll_create1(0);
  std::vector<std::unique_ptr<load::TcpClient>> clients;
  for (std::size_t i = 0; i < options.sockets; ++i) {
    const auto first = queries.size() / options.sockets * i;
    clients.push_back(std::make_unique<load::TcpClient>(options.port, options.window, queries, first, totals));
    epoll_event event{EPOLLIN | EPOLLOUT | EPOLLET, {.ptr = clients.back().get()}};
    epoll_ctl(epoll, EPOLL_CTL_ADD, clients.back()->socket(), &event);
  }
  const auto begin = now(), end = begin + static_cast<std::uint64_t>(options.seconds * 1e9);
  for (auto& client : clients) client->fill();
  Expiry expiry;
  for (auto at = now(); at < end; at = now()) {
    wait(epoll, 0);
    expiry(clients, at);
  }
  const double seconds = static_cast<double>(now() - begin) / 1e9;
  for (auto& client : clients) client->stop();
  for (auto at = now(); busy(clients) && at < end + 2 * load::kLost; at = now()) {
    wait(epoll, 1);
    expiry(clients, at);
  }
  for (const int s : held) totals.alive += load::ask(s, queries[0]);
  print(totals, seconds);
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = parse(argc, argv);
  const auto queries = load::read_queries(options.queries);
  load::Totals totals;
  options.tcp ? run_tcp(options, queries, totals) : run_udp(options, queries, totals);
  return 0;
}
