#include "bench/load/tcp_client.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace load {

namespace {

void frame(std::vector<std::uint8_t>& out, const Packet& query, std::uint16_t id) {
  out.push_back(static_cast<std::uint8_t>(query.size() >> 8));
  out.push_back(static_cast<std::uint8_t>(query.size()));
  out.push_back(static_cast<std::uint8_t>(id >> 8));
  out.push_back(static_cast<std::uint8_t>(id));
  out.insert(out.end(), query.begin() + 2, query.end());
}

std::size_t length(const std::uint8_t* at) { return static_cast<std::size_t>(at[0] << 8 | at[1]); }

}  // namespace

int connect_tcp(std::uint16_t port) {
  const int s = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (s < 0) fail(std::string("socket: ") + std::strerror(errno));
  const int on = 1;
  setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(s, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0)
    fail(std::string("connect: ") + std::strerror(errno));
  return s;
}

bool ask(int socket, const Packet& query) {
  const timeval patience{1, 0};
  setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  std::vector<std::uint8_t> out, in(65537);
  frame(out, query, 7);
  if (::send(socket, out.data(), out.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(out.size())) return false;
  for (std::size_t have = 0;;) {
    const auto got = ::recv(socket, in.data() + have, in.size() - have, 0);
    if (got <= 0) return false;
    have += static_cast<std::size_t>(got);
    if (have >= 4 && have >= 2 + length(in.data())) return in[3] == 7;
  }
}

TcpClient::TcpClient(std::uint16_t port, std::size_t window, const std::vector<Packet>& queries, std::size_t first,
                     Totals& totals)
    : socket_(connect_tcp(port)), queries_(queries), next_(first), totals_(totals), sent_at_(window) {
  fcntl(socket_, F_SETFL, O_NONBLOCK);
  for (std::size_t slot = window; slot-- > 0;) free_.push_back(static_cast<std::uint16_t>(slot));
}

TcpClient::~TcpClient() {
  if (open()) ::close(socket_);
}

void TcpClient::append(std::uint64_t at) {
  const auto slot = free_.back();
  free_.pop_back();
  sent_at_[slot] = at;
  frame(out_, queries_[next_], slot);
  next_ = next_ + 1 == queries_.size() ? 0 : next_ + 1;
  ++totals_.sent;
}

void TcpClient::fill() {
  const auto at = now();
  while (sending_ && !free_.empty()) append(at);
  flush();
}

void TcpClient::flush() {
  while (!out_.empty() && open()) {
    const auto sent = ::send(socket_, out_.data(), out_.size(), MSG_NOSIGNAL);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR)) return;  // the edge of EPOLLOUT brings us back
    if (sent < 0) return lose();
    out_.erase(out_.begin(), out_.begin() + sent);
  }
}

void TcpClient::handle() {
  static std::array<std::uint8_t, 1 << 18> buffer;
  while (open()) {
    std::memcpy(buffer.data(), rest_.data(), rest_.size());
    const auto room = buffer.size() - rest_.size();
    const auto got = ::recv(socket_, buffer.data() + rest_.size(), room, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) break;
    if (got <= 0) {
      ++totals_.closed;
      return lose();
    }
    const auto size = rest_.size() + static_cast<std::size_t>(got);
    const auto taken = take(buffer.data(), size, now());
    rest_.assign(buffer.begin() + static_cast<std::ptrdiff_t>(taken),
                 buffer.begin() + static_cast<std::ptrdiff_t>(size));
    if (static_cast<std::size_t>(got) < room) break;  // edge-triggered: a short read was the last one
  }
  fill();
}

std::size_t TcpClient::take(const std::uint8_t* data, std::size_t size, std::uint64_t at) {
  std::size_t done = 0;
  while (size - done >= 2 && size - done >= 2 + length(data + done)) {
    const auto* reply = data + done + 2;
    const auto octets = length(data + done);
    done += 2 + octets;
    const std::size_t slot = octets >= 12 ? length(reply) : sent_at_.size();
    if (slot >= sent_at_.size() || (reply[2] & 0x80) == 0 || sent_at_[slot] == 0) {
      ++totals_.strange;
      continue;
    }
    totals_.latency.record(at - sent_at_[slot]);
    sent_at_[slot] = 0;
    free_.push_back(static_cast<std::uint16_t>(slot));
    totals_.count(reply, octets);
  }
  return done;
}

void TcpClient::expire(std::uint64_t at) {
  for (auto& sent : sent_at_) {
    if (sent != 0 && at > sent + kLost) return lose();  // a reply that may still come would fit no slot
  }
}

void TcpClient::lose() {
  totals_.lost += in_flight();
  free_.clear();
  sent_at_.clear();
  out_.clear();
  if (open()) ::close(socket_);
  socket_ = -1;
}

}  // namespace load
