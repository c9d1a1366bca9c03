#include "bench/load/udp_client.h"

#include <arpa/inet.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace load {

UdpClient::UdpClient(std::uint16_t port, const std::vector<Packet>& queries, std::size_t first, bool stamped,
                     Totals& totals)
    : queries_(queries), next_(first), stamped_(stamped), totals_(totals), sent_at_(kSlots), generation_(kSlots) {
  socket_ = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  if (socket_ < 0) fail("socket");
  const int large = 8 << 20, on = 1;  // as root the system's limit does not hold
  if (setsockopt(socket_, SOL_SOCKET, SO_RCVBUFFORCE, &large, sizeof large) != 0) {
    setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &large, sizeof large);
  }
  if (stamped_ && setsockopt(socket_, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) != 0) fail("SO_TIMESTAMPNS");
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
    sending_[i].msg_hdr.msg_iov = out_[i].data();
    sending_[i].msg_hdr.msg_iovlen = 2;
  }
}

UdpClient::~UdpClient() { close(socket_); }

void UdpClient::fill(std::size_t window) {
  const std::size_t room = window > in_flight() ? std::min(window - in_flight(), kBatch) : 0;
  if (room == 0) return;
  const auto at = now();
  for (std::size_t i = 0; i < room; ++i) prepare(i, at);
  send(room);
}

void UdpClient::send_due(std::uint64_t due) {
  if (free_.empty()) {  // the server is thousands of queries behind
    ++totals_.sent, ++totals_.lost;
    return;
  }
  prepare(0, due);
  send(1);
  totals_.lateness.record(now() - due);
}

void UdpClient::send(std::size_t count) {
  for (std::size_t done = 0; done < count;) {
    const int sent = sendmmsg(socket_, sending_.data() + done, static_cast<unsigned>(count - done), 0);
    if (sent > 0) done += static_cast<std::size_t>(sent);
    if (sent < 0 && errno != EAGAIN && errno != ENOBUFS && errno != EINTR) fail(std::strerror(errno));
  }
  totals_.sent += count;
}

void UdpClient::prepare(std::size_t i, std::uint64_t at) {
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
}

void UdpClient::drain() {
  if (stamped_) {
    for (std::size_t i = 0; i < kBatch; ++i) {
      received_[i].msg_hdr.msg_control = control_[i].data();
      received_[i].msg_hdr.msg_controllen = control_[i].size();
    }
  }
  const int count = recvmmsg(socket_, received_.data(), kBatch, MSG_DONTWAIT, nullptr);
  if (count <= 0) return;
  const auto at = now(), ahead = stamped_ ? nanoseconds(CLOCK_REALTIME) - at : 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    take(buffers_[i].data(), received_[i].msg_len, stamped_ ? arrival(received_[i].msg_hdr, at, ahead) : at);
  }
}

std::uint64_t UdpClient::arrival(const msghdr& message, std::uint64_t otherwise, std::uint64_t ahead) const {
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_type != SCM_TIMESTAMPNS) return otherwise;
  timespec stamp;
  std::memcpy(&stamp, CMSG_DATA(header), sizeof stamp);
  return static_cast<std::uint64_t>(stamp.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(stamp.tv_nsec) - ahead;
}

void UdpClient::take(const std::uint8_t* reply, std::size_t size, std::uint64_t at) {
  const unsigned id = size >= 12 ? static_cast<unsigned>(reply[0] << 8 | reply[1]) : 0;
  const unsigned slot = id & (kSlots - 1);
  if (size < 12 || (reply[2] & 0x80) == 0 || sent_at_[slot] == 0 || generation_[slot] != id >> 12) {
    ++totals_.strange;
    return;
  }
  totals_.latency.record(at > sent_at_[slot] ? at - sent_at_[slot] : 0);
  sent_at_[slot] = 0;
  free_.push_back(static_cast<std::uint16_t>(slot));
  totals_.count(reply, size);
}

void UdpClient::expire(std::uint64_t at) {
  for (std::size_t slot = 0; slot < kSlots; ++slot) {
    if (sent_at_[slot] == 0 || at < sent_at_[slot] + kLost) continue;
    sent_at_[slot] = 0;
    free_.push_back(static_cast<std::uint16_t>(slot));
    ++totals_.lost;
  }
}

}  // namespace load
