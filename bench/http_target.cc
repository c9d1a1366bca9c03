// What the probes of a benchmark ask: an HTTP server on many addresses of 127.0.0.0/8 that keeps connections and says
// 200 to everything.
//
//   http_target COUNT      listens on 127.1.x.y, COUNT addresses, all on one port; prints the port
//
// Each line on its input is answered by one JSON object: requests and connections so far, and its own CPU.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace {

constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

struct Counts {
  std::uint64_t requests = 0, connections = 0;
};

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

// Binds to the port of the first listener from the second on.
std::uint16_t listen_on(int epoll, std::uint32_t address, std::uint16_t port) {
  const int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;
  setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  at.sin_addr.s_addr = htonl(address);
  socklen_t size = sizeof at;
  if (s < 0 || bind(s, reinterpret_cast<sockaddr*>(&at), size) != 0 || listen(s, 4096) != 0) fail("listen");
  getsockname(s, reinterpret_cast<sockaddr*>(&at), &size);
  epoll_event event{EPOLLIN, {.u64 = static_cast<std::uint64_t>(s) | 1ULL << 32}};  // bit 32: a listener
  epoll_ctl(epoll, EPOLL_CTL_ADD, s, &event);
  return ntohs(at.sin_port);
}

void accept_all(int epoll, int listener, Counts& counts) {
  for (;;) {
    const int s = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK), on = 1;
    if (s < 0) return;
    setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ++counts.connections;
    epoll_event event{EPOLLIN, {.u64 = static_cast<std::uint64_t>(s)}};
    epoll_ctl(epoll, EPOLL_CTL_ADD, s, &event);
  }
}

void answer(int s, Counts& counts) {
  std::array<char, 8192> in;
  const auto got = recv(s, in.data(), in.size(), 0);
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0) {
    close(s);
    return;
  }
  // A probe is small and waits for its answer: what came is one whole request.
  ++counts.requests;
  if (send(s, kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL) < 0) close(s);
}

void tell(const Counts& counts) {
  std::array<char, 64> line;
  if (read(STDIN_FILENO, line.data(), line.size()) <= 0) std::exit(0);
  rusage used;
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  std::printf("{\"requests\": %llu, \"connections\": %llu, \"cpu\": %.3f}\n",
              static_cast<unsigned long long>(counts.requests), static_cast<unsigned long long>(counts.connections),
              seconds(used.ru_utime) + seconds(used.ru_stime));
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const auto addresses = argc > 1 ? static_cast<std::uint32_t>(std::stoul(argv[1])) : 1;
  const int epoll = epoll_create1(0);
  std::uint16_t port = 0;
  for (std::uint32_t i = 0; i < addresses; ++i) port = listen_on(epoll, (127U << 24 | 1U << 16) + 1 + i, port);
  epoll_event input{EPOLLIN, {.u64 = 2ULL << 32}};
  epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &input);
  std::printf("%d\n", port);
  std::fflush(stdout);
  Counts counts;
  std::array<epoll_event, 256> events;
  for (;;) {
    const int ready = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < ready; ++i) {
      const auto what = events[static_cast<std::size_t>(i)].data.u64;
      const int s = static_cast<int>(what & 0xffffffff);
      if (what >> 32 == 2) {
        tell(counts);
      } else if (what >> 32 == 1) {
        accept_all(epoll, s, counts);
      } else {
        answer(s, counts);
      }
    }
  }
}
