// A load generator for the HTTP API: kept connections over loopback, one request in flight on each. Prints one JSON
// object. Only 127.0.0.1 is ever asked.
//
//   http_load --port P --requests FILE [--connections 64] [--seconds 3] [--rate 0] [--once 1]
//   http_load --port P --requests FILE --connections 10000 --hold 1
//
// FILE holds whole requests, each after its length in four octets, little-endian; they are sent in a circle, with
// --once 1 one time each. With --rate so many are sent a second, and a latency counts from the moment when the request
// was due. --hold sends one request on each connection, says "sent", waits for a line on its input, forgets what came
// until then, says "armed", and tells when each connection heard something for the first time after that.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "bench/load/stats.h"

namespace {

using load::fail;
using load::now;

struct Options {
  std::string requests;
  std::uint16_t port = 0;
  std::size_t connections = 64;
  double seconds = 3, rate = 0;
  bool once = false, hold = false;
};

struct Connection {
  int socket = -1;
  std::uint64_t since = 0;  // when the request in flight was due; 0 = none
  std::string in;
};

struct Run {
  Options options;
  std::vector<std::string> requests;
  std::vector<Connection> connections;
  std::vector<std::size_t> idle;
  std::size_t next = 0;
  std::uint64_t answered = 0;
  std::map<int, std::uint64_t> statuses;
  load::Histogram latency;
  int epoll = epoll_create1(0);
};

std::vector<std::string> read_requests(const std::string& path) {
  std::vector<std::string> out;
  std::ifstream in(path, std::ios::binary);
  for (std::uint32_t size = 0; in.read(reinterpret_cast<char*>(&size), sizeof size);) {
    out.emplace_back(size, '\0');
    in.read(out.back().data(), size);
  }
  if (out.empty()) fail("no requests in " + path);
  return out;
}

int connect_to(std::uint16_t port) {
  const int s = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (s < 0 || connect(s, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0)
    fail(std::string("connect: ") + std::strerror(errno));
  setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return s;
}

void open_connections(Run& run) {
  for (std::size_t i = 0; i < run.options.connections; ++i) {
    run.connections.push_back({connect_to(run.options.port), 0, {}});
    run.idle.push_back(i);
    epoll_event event{EPOLLIN, {.u64 = i}};
    epoll_ctl(run.epoll, EPOLL_CTL_ADD, run.connections[i].socket, &event);
  }
}

void send_on(Run& run, std::size_t which, std::uint64_t due) {
  const auto& request = run.requests[run.next++ % run.requests.size()];
  auto& connection = run.connections[which];
  connection.since = due;
  for (std::size_t done = 0; done < request.size();) {
    const auto sent = send(connection.socket, request.data() + done, request.size() - done, MSG_NOSIGNAL);
    if (sent <= 0) fail(std::string("send: ") + std::strerror(errno));
    done += static_cast<std::size_t>(sent);
  }
}

// The length of the whole response at the beginning of `in`, 0 while its end is not there.
std::size_t response_length(std::string_view in) {
  const auto end = in.find("\r\n\r\n");
  if (end == std::string_view::npos) return 0;
  std::size_t body = 0;
  for (std::size_t at = in.find("\r\n"); at < end; at = in.find("\r\n", at + 2)) {
    constexpr std::string_view wanted = "content-length:";
    const auto line = in.substr(at + 2, wanted.size());
    if (std::ranges::equal(line, wanted, {}, [](char c) { return std::tolower(static_cast<unsigned char>(c)); })) {
      body = std::strtoul(in.data() + at + 2 + wanted.size(), nullptr, 10);
    }
  }
  return in.size() >= end + 4 + body ? end + 4 + body : 0;
}

bool receive(Connection& connection) {
  static std::array<char, 1 << 18> buffer;
  const auto got = recv(connection.socket, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (got > 0) connection.in.append(buffer.data(), static_cast<std::size_t>(got));
  return got > 0;
}

void take(Run& run, std::size_t which) {
  auto& connection = run.connections[which];
  if (!receive(connection)) fail("the server closed a connection");
  const auto length = response_length(connection.in);
  if (length == 0) return;
  ++run.statuses[std::atoi(connection.in.c_str() + 9)];  // after "HTTP/1.1 "
  ++run.answered;
  run.latency.record(now() - connection.since);
  connection.in.erase(0, length);
  connection.since = 0;
  run.idle.push_back(which);
}

void wait(Run& run, int milliseconds) {
  std::array<epoll_event, 256> events;
  const int ready = epoll_wait(run.epoll, events.data(), static_cast<int>(events.size()), milliseconds);
  for (int i = 0; i < ready; ++i) take(run, events[static_cast<std::size_t>(i)].data.u64);
}

void send_idle(Run& run, std::uint64_t at) {
  while (!run.idle.empty() && (!run.options.once || run.next < run.requests.size())) {
    const auto which = run.idle.back();
    run.idle.pop_back();
    send_on(run, which, at);
  }
}

void load_loop(Run& run) {
  const auto begin = now(), end = begin + static_cast<std::uint64_t>(run.options.seconds * 1e9);
  const double step = run.options.rate > 0 ? 1e9 / run.options.rate : 0;
  const auto due_at = [&](std::size_t n) { return begin + static_cast<std::uint64_t>(static_cast<double>(n) * step); };
  const auto over = [&](std::uint64_t at) { return run.options.once ? run.next >= run.requests.size() : at >= end; };
  for (auto at = now(); !over(at); at = now()) {
    if (step == 0) send_idle(run, at);
    for (; step > 0 && !run.idle.empty() && due_at(run.next) <= at; run.idle.pop_back()) {
      send_on(run, run.idle.back(), due_at(run.next));
    }
    wait(run, 1);
  }
  const auto patience = now() + 10'000'000'000;
  while (run.idle.size() < run.connections.size() && now() < patience) wait(run, 10);
  const double seconds = static_cast<double>(now() - begin) / 1e9;
  std::printf(
      "{\"rate\": %.0f, \"answered\": %llu, \"seconds\": %.4f, \"p50_us\": %.1f, \"p99_us\": %.1f, \"statuses\": {",
      static_cast<double>(run.answered) / seconds, static_cast<unsigned long long>(run.answered), seconds,
      run.latency.percentile(.5), run.latency.percentile(.99));
  const char* comma = "";
  for (const auto& [status, count] : run.statuses) {
    std::printf("%s\"%d\": %llu", comma, status, static_cast<unsigned long long>(count));
    comma = ", ";
  }
  std::printf("}, \"unanswered\": %zu}\n", run.connections.size() - run.idle.size());
}

void say(const char* word) {
  std::puts(word);
  std::fflush(stdout);
}

void hold_loop(Run& run) {
  for (std::size_t i = 0; i < run.connections.size(); ++i) send_on(run, i, now());
  say("sent");
  std::string line;
  std::getline(std::cin, line);
  std::uint64_t early = 0;
  for (auto& connection : run.connections) early += receive(connection);
  say("armed");
  std::vector<std::uint64_t> heard;
  const auto end = now() + static_cast<std::uint64_t>(run.options.seconds * 1e9);
  std::array<epoll_event, 256> events;
  while (heard.size() < run.connections.size() && now() < end) {
    const int ready = epoll_wait(run.epoll, events.data(), static_cast<int>(events.size()), 10);
    for (int i = 0; i < ready; ++i) {
      const int s = run.connections[events[static_cast<std::size_t>(i)].data.u64].socket;
      heard.push_back(now());
      epoll_ctl(run.epoll, EPOLL_CTL_DEL, s, nullptr);
    }
  }
  const auto at = [&](double share) {
    const auto index = static_cast<std::size_t>(static_cast<double>(heard.size()) * share);
    return static_cast<unsigned long long>(heard.empty() ? 0 : heard[std::min(index, heard.size() - 1)]);
  };
  std::printf(
      "{\"early\": %llu, \"heard\": %zu, \"first_ns\": %llu, \"p50_ns\": %llu, \"p99_ns\": %llu, \"last_ns\": %llu}\n",
      static_cast<unsigned long long>(early), heard.size(), at(0), at(.5), at(.99), at(1));
}

Options parse(int argc, char** argv) {
  std::map<std::string, std::string> given;
  for (int i = 1; i + 1 < argc; i += 2) given[argv[i]] = argv[i + 1];
  const auto get = [&](const std::string& flag, const std::string& otherwise) {
    const auto found = given.extract(flag);
    return found ? found.mapped() : otherwise;
  };
  Options out;
  out.port = static_cast<std::uint16_t>(std::stoi(get("--port", "0")));
  out.requests = get("--requests", "");
  out.connections = std::stoul(get("--connections", "64"));
  out.seconds = std::stod(get("--seconds", "3"));
  out.rate = std::stod(get("--rate", "0"));
  out.once = get("--once", "0") == "1";
  out.hold = get("--hold", "0") == "1";
  if (!given.empty() || argc % 2 == 0) fail("unknown flag " + (given.empty() ? "" : given.begin()->first));
  if (out.port == 0 || out.requests.empty()) fail("--port and --requests are needed");
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  Run run;
  run.options = parse(argc, argv);
  run.requests = read_requests(run.options.requests);
  open_connections(run);
  run.options.hold ? hold_loop(run) : load_loop(run);
  return 0;
}
