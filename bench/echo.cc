// The least that a DNS server can do: every message goes back with QR and AA set, padded to a usual answer's size. What
// it costs is the kernel's share of a query on this machine.
//
//   echo mmsg|plain|tcp [OCTETS]     prints the port of 127.0.0.1 it listens on
//
//   mmsg   recvmmsg and sendmmsg, 32 datagrams a call
//   plain  recvfrom and sendto, one datagram a call
//   tcp    reads what has come, answers all of it with one write
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

namespace {

constexpr std::size_t kBatch = 32, kSize = 2048, kRead = 65536;

void answer(std::uint8_t* message) { message[2] |= 0x84; }

int listener(int type) {
  const int s = socket(AF_INET, type, 0), large = 4 << 20, backlog = 4096;
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  setsockopt(s, SOL_SOCKET, type == SOCK_DGRAM ? SO_RCVBUFFORCE : SO_REUSEADDR, &large, sizeof large);
  socklen_t size = sizeof at;
  if (s < 0 || bind(s, reinterpret_cast<sockaddr*>(&at), size) != 0 ||
      (type == SOCK_STREAM && listen(s, backlog) != 0)) {
    std::perror("echo");
    std::exit(1);
  }
  getsockname(s, reinterpret_cast<sockaddr*>(&at), &size);
  std::printf("%d\n", ntohs(at.sin_port));
  std::fflush(stdout);
  return s;
}

[[noreturn]] void plain(std::size_t padded) {
  const int s = listener(SOCK_DGRAM);
  std::array<std::uint8_t, kSize> buffer{};
  for (;;) {
    sockaddr_in from;
    socklen_t size = sizeof from;
    const auto got = recvfrom(s, buffer.data(), buffer.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
    if (got < 12) continue;
    answer(buffer.data());
    sendto(s, buffer.data(), padded != 0 ? padded : static_cast<std::size_t>(got), 0,
           reinterpret_cast<const sockaddr*>(&from), size);
  }
}

[[noreturn]] void mmsg(std::size_t padded) {
  const int s = listener(SOCK_DGRAM);
  static std::array<std::array<std::uint8_t, kSize>, kBatch> buffers;
  std::array<sockaddr_in, kBatch> from;
  std::array<iovec, kBatch> parts;
  std::array<mmsghdr, kBatch> messages{};
  for (;;) {
    for (std::size_t i = 0; i < kBatch; ++i) {
      parts[i] = {buffers[i].data(), kSize};
      messages[i].msg_hdr.msg_iov = &parts[i];
      messages[i].msg_hdr.msg_iovlen = 1;
      messages[i].msg_hdr.msg_name = &from[i];
      messages[i].msg_hdr.msg_namelen = sizeof from[i];
    }
    const int got = recvmmsg(s, messages.data(), kBatch, MSG_WAITFORONE, nullptr);
    for (int i = 0; i < got; ++i) {
      const auto n = static_cast<std::size_t>(i);
      answer(buffers[n].data());
      parts[n].iov_len = padded != 0 ? padded : messages[n].msg_len;
    }
    for (int done = 0; done < got;) {
      const int sent = sendmmsg(s, messages.data() + done, static_cast<unsigned>(got - done), 0);
      done += sent > 0 ? sent : 1;
    }
  }
}

// Answers what is whole in `data`, one write for all of it; returns how much that was.
std::size_t reply(int s, const std::uint8_t* data, std::size_t size, std::size_t padded,
                  std::vector<std::uint8_t>& out) {
  std::size_t done = 0;
  out.clear();
  while (size - done >= 2) {
    const auto octets = static_cast<std::size_t>(data[done] << 8 | data[done + 1]);
    if (size - done < octets + 2 || octets < 12) break;
    const auto length = padded > octets ? padded : octets, at = out.size();
    out.push_back(static_cast<std::uint8_t>(length >> 8));
    out.push_back(static_cast<std::uint8_t>(length));
    out.insert(out.end(), data + done + 2, data + done + 2 + octets);
    out.resize(at + 2 + length);
    answer(out.data() + at + 2);
    done += octets + 2;
  }
  for (std::size_t sent = 0; sent < out.size();) {
    const auto more = send(s, out.data() + sent, out.size() - sent, MSG_NOSIGNAL);
    if (more <= 0) break;
    sent += static_cast<std::size_t>(more);
  }
  return done;
}

// False when the peer is gone. `rest` is the beginning of a message that came without its end.
bool serve(int s, std::size_t padded, std::vector<std::uint8_t>& rest) {
  static std::array<std::uint8_t, 2 * kRead> buffer;
  static std::vector<std::uint8_t> out;
  std::ranges::copy(rest, buffer.begin());
  const auto got = recv(s, buffer.data() + rest.size(), kRead, 0);
  if (got <= 0) return false;
  const auto size = rest.size() + static_cast<std::size_t>(got);
  const auto done = reply(s, buffer.data(), size, padded, out);
  rest.assign(buffer.data() + done, buffer.data() + size);
  return true;
}

[[noreturn]] void tcp(std::size_t padded) {
  const int door = listener(SOCK_STREAM), epoll = epoll_create1(0), on = 1;
  epoll_event event{EPOLLIN, {.fd = door}};
  epoll_ctl(epoll, EPOLL_CTL_ADD, door, &event);
  std::map<int, std::vector<std::uint8_t>> rests;
  std::array<epoll_event, 64> events;
  for (;;) {
    const int ready = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < ready; ++i) {
      const int s = events[static_cast<std::size_t>(i)].data.fd;
      if (s == door) {
        const int accepted = accept(door, nullptr, nullptr);
        if (accepted < 0) continue;
        setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        event.data.fd = accepted;
        epoll_ctl(epoll, EPOLL_CTL_ADD, accepted, &event);
        continue;
      }
      if (serve(s, padded, rests[s])) continue;
      close(s);
      rests.erase(s);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  const std::size_t padded = argc > 2 ? std::stoul(argv[2]) : 0;
  if (padded > kSize || (padded != 0 && padded < 12)) return 2;
  if (mode == "mmsg") mmsg(padded);
  if (mode == "plain") plain(padded);
  if (mode == "tcp") tcp(padded);
  std::fprintf(stderr, "echo mmsg|plain|tcp [OCTETS]\n");
  return 2;
}
