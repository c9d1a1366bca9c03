// A load generator that costs less per query than the servers it measures: UDP over loopback, a closed loop of
// `window` queries in flight on each socket, sent and received in batches.
//
//   load --port P --queries FILE [--sockets 1] [--window 32] [--seconds 3]
//
// FILE holds "name TYPE" a line. A query without a reply for a second counts as lost. Prints one JSON object.
// Only 127.0.0.1 is ever asked. It spins: give it a core of its own.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

namespace {

constexpr std::size_t kBatch = 64;
constexpr std::size_t kSlots = 4096;            // ids of one socket: slot in the low 12 bits, generation above
constexpr std::uint64_t kLost = 1'000'000'000;  // nanoseconds
constexpr std::uint64_t kExpireEvery = 250'000'000;

struct Options {
  std::uint16_t port = 0;
  std::string queries;
  std::size_t sockets = 1, window = 32;
  double seconds = 3;
};

[[noreturn]] void fail(const std::string& why) {
  std::fprintf(stderr, "load: %s\n", why.c_str());
  std::exit(2);
}

std::uint64_t now() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(t.tv_nsec);
}

// Log-linear, 32 steps an octave: 3 % resolution.
class Histogram {
 public:
  void record(std::uint64_t nanoseconds) {
    ++counts_[index(nanoseconds)];
    ++total_;
  }
  [[nodiscard]] double percentile(double share) const {  // microseconds
    const auto wanted = static_cast<std::uint64_t>(static_cast<double>(total_) * share);
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      if ((seen += counts_[i]) > wanted) return static_cast<double>(value(i)) / 1e3;
    }
    return 0;
  }

 private:
  static std::size_t index(std::uint64_t v) {
    if (v < 32) return v;
    const auto octave = static_cast<std::size_t>(std::bit_width(v)) - 1;
    return (octave - 4) * 32 + ((v >> (octave - 5)) & 31);
  }
  static std::uint64_t value(std::size_t i) {
    if (i < 32) return i;
    const std::size_t octave = i / 32 + 4;
    return (std::uint64_t{1} << octave) + (static_cast<std::uint64_t>(i % 32) << (octave - 5));
  }
  std::array<std::uint64_t, 64 * 32> counts_{};
  std::uint64_t total_ = 0;
};

using Packet = std::vector<std::uint8_t>;

Packet encode(const std::string& name, const std::string& type) {
  static const std::map<std::string, std::uint8_t> types{{"A", 1}, {"TXT", 16}, {"AAAA", 28}, {"SRV", 33}};
  Packet out{0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0};  // RD off, one question
  std::istringstream labels(name);
  for (std::string label; std::getline(labels, label, '.');) {
    out.push_back(static_cast<std::uint8_t>(label.size()));
    out.insert(out.end(), label.begin(), label.end());
  }
  const auto known = types.find(type);
  if (known == types.end()) fail("unknown type " + type);
  out.insert(out.end(), {0, 0, known->second, 0, 1});
  return out;
}

std::vector<Packet> read_queries(const std::string& path) {
  std::vector<Packet> out;
  std::ifstream in(path);
  for (std::string name, type; in >> name >> type;) out.push_back(encode(name, type));
  if (out.empty()) fail("no queries in " + path);
  return out;
}

struct Totals {
  std::uint64_t sent = 0, answered = 0, lost = 0, strange = 0, octets = 0, records = 0;
  std::array<std::uint64_t, 16> rcodes{};
  Histogram latency;
};

class Client {
 public:
  Client(std::uint16_t port, std::size_t window, const std::vector<Packet>& queries, std::size_t first, Totals& totals)
      : window_(window), queries_(queries), next_(first), totals_(totals), sent_at_(kSlots), generation_(kSlots) {
    socket_ = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    const int large = 8 << 20;  // as root the system's limit does not hold
    if (setsockopt(socket_, SOL_SOCKET, SO_RCVBUFFORCE, &large, sizeof large) != 0) {
      setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &large, sizeof large);
    }
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) fail("connect");
    for (std::size_t slot = kSlots; slot-- > 0;) free_.push_back(static_cast<std::uint16_t>(slot));
    for (std::size_t i = 0; i < kBatch; ++i) {
      in_[i] = {buffers_[i].data(), buffers_[i].size()};
      received_[i].msg_hdr.msg_iov = &in_[i];
      received_[i].msg_hdr.msg_iovlen = 1;
    }
  }
  Client(Client&&) = delete;
  ~Client() { close(socket_); }

  [[nodiscard]] std::size_t in_flight() const { return kSlots - free_.size(); }

  void fill() {
    const std::size_t room = window_ > in_flight() ? std::min(window_ - in_flight(), kBatch) : 0;
    if (room == 0) return;
    const auto at = now();
    for (std::size_t i = 0; i < room; ++i) prepare(i, at);
    for (std::size_t done = 0; done < room;) {
      const int sent = sendmmsg(socket_, sending_.data() + done, static_cast<unsigned>(room - done), 0);
      if (sent > 0) done += static_cast<std::size_t>(sent);
      if (sent < 0 && errno != EAGAIN && errno != ENOBUFS && errno != EINTR) fail(std::strerror(errno));
    }
    totals_.sent += room;
  }

  void drain() {
    const int count = recvmmsg(socket_, received_.data(), kBatch, MSG_DONTWAIT, nullptr);
    if (count <= 0) return;
    const auto at = now();
    for (int i = 0; i < count; ++i)
      take(buffers_[static_cast<std::size_t>(i)].data(), received_[static_cast<std::size_t>(i)].msg_len, at);
  }

  void expire(std::uint64_t at) {
    for (std::size_t slot = 0; slot < kSlots; ++slot) {
      if (sent_at_[slot] == 0 || at < sent_at_[slot] + kLost) continue;
      sent_at_[slot] = 0;
      free_.push_back(static_cast<std::uint16_t>(slot));
      ++totals_.lost;
    }
  }

 private:
  void prepare(std::size_t i, std::uint64_t at) {
    const auto slot = free_.back();
    free_.pop_back();
    sent_at_[slot] = at;
    generation_[slot] = static_cast<std::uint8_t>((generation_[slot] + 1) & 15);
    const auto id = static_cast<std::uint16_t>(slot | generation_[slot] << 12);
    ids_[i] = {static_cast<std::uint8_t>(id >> 8), static_cast<std::uint8_t>(id)};
    const auto& query = queries_[next_];
    next_ = next_ + 1 == queries_.size() ? 0 : next_ + 1;
    out_[i][0] = {ids_[i].data(), 2};
    out_[i][1] = {const_cast<std::uint8_t*>(query.data()) + 2, query.size() - 2};
    sending_[i].msg_hdr.msg_iov = out_[i].data();
    sending_[i].msg_hdr.msg_iovlen = 2;
  }

  void take(const std::uint8_t* reply, std::size_t size, std::uint64_t at) {
    const unsigned id = size >= 12 ? static_cast<unsigned>(reply[0] << 8 | reply[1]) : 0;
    const unsigned slot = id & (kSlots - 1);
    if (size < 12 || (reply[2] & 0x80) == 0 || sent_at_[slot] == 0 || generation_[slot] != id >> 12) {
      ++totals_.strange;
      return;
    }
    totals_.latency.record(at - sent_at_[slot]);
    sent_at_[slot] = 0;
    free_.push_back(static_cast<std::uint16_t>(slot));
    ++totals_.answered;
    totals_.octets += size;
    totals_.records += static_cast<std::uint64_t>(reply[6] << 8 | reply[7]);
    ++totals_.rcodes[reply[3] & 15];
  }

  int socket_ = -1;
  std::size_t window_;
  const std::vector<Packet>& queries_;
  std::size_t next_;
  Totals& totals_;
  std::vector<std::uint64_t> sent_at_;  // 0 = free
  std::vector<std::uint8_t> generation_;
  std::vector<std::uint16_t> free_;
  std::array<std::array<std::uint8_t, 2>, kBatch> ids_{};
  std::array<std::array<iovec, 2>, kBatch> out_{};
  std::array<iovec, kBatch> in_{};
  std::array<mmsghdr, kBatch> sending_{}, received_{};
  std::array<std::array<std::uint8_t, 2048>, kBatch> buffers_{};
};

Options parse(int argc, char** argv) {
  Options out;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string flag = argv[i], value = argv[i + 1];
    if (flag == "--port")
      out.port = static_cast<std::uint16_t>(std::stoi(value));
    else if (flag == "--queries")
      out.queries = value;
    else if (flag == "--sockets")
      out.sockets = std::clamp<std::size_t>(std::stoul(value), 1, 64);
    else if (flag == "--window")
      out.window = std::clamp<std::size_t>(std::stoul(value), 1, kSlots);
    else if (flag == "--seconds")
      out.seconds = std::stod(value);
    else
      fail("unknown flag " + flag);
  }
  if (out.port == 0 || out.queries.empty()) fail("--port and --queries are needed");
  return out;
}

void print(const Totals& t, double seconds) {
  const double answered = static_cast<double>(std::max<std::uint64_t>(t.answered, 1));
  std::printf(
      "{\"qps\": %.0f, \"answered\": %llu, \"sent\": %llu, \"lost\": %llu, \"strange\": %llu, \"seconds\": %.3f, "
      "\"p50_us\": %.1f, \"p99_us\": %.1f, \"p999_us\": %.1f, \"octets\": %.1f, \"records\": %.2f, "
      "\"noerror\": %llu, \"nxdomain\": %llu, \"others\": %llu}\n",
      static_cast<double>(t.answered) / seconds, static_cast<unsigned long long>(t.answered),
      static_cast<unsigned long long>(t.sent), static_cast<unsigned long long>(t.lost),
      static_cast<unsigned long long>(t.strange), seconds, t.latency.percentile(.5), t.latency.percentile(.99),
      t.latency.percentile(.999), static_cast<double>(t.octets) / answered, static_cast<double>(t.records) / answered,
      static_cast<unsigned long long>(t.rcodes[0]), static_cast<unsigned long long>(t.rcodes[3]),
      static_cast<unsigned long long>(t.answered - t.rcodes[0] - t.rcodes[3]));
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = parse(argc, argv);
  const auto queries = read_queries(options.queries);
  Totals totals;
  std::vector<std::unique_ptr<Client>> clients;
  for (std::size_t i = 0; i < options.sockets; ++i) {
    const auto first = queries.size() / options.sockets * i;
    clients.push_back(std::make_unique<Client>(options.port, options.window, queries, first, totals));
  }
  const auto begin = now(), end = begin + static_cast<std::uint64_t>(options.seconds * 1e9);
  auto expired = begin;
  for (auto at = begin; at < end; at = now()) {
    for (auto& client : clients) {
      client->drain();
      client->fill();
    }
    if (at - expired > kExpireEvery) {
      expired = at;
      for (auto& client : clients) client->expire(at);
    }
  }
  const double seconds = static_cast<double>(now() - begin) / 1e9;
  const auto busy = [&] { return std::ranges::any_of(clients, [](auto& c) { return c->in_flight() > 0; }); };
  while (busy() && now() < end + 2 * kLost) {
    for (auto& client : clients) {
      client->drain();
      client->expire(now());
    }
  }
  print(totals, seconds);
  return 0;
}
