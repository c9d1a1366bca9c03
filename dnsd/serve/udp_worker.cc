#include "dnsd/serve/udp_worker.h"

#include <poll.h>

#include <cerrno>
#include <chrono>
#include <optional>
#include <thread>

#include "dnsd/serve/handoff.h"
#include "dnsd/serve/proxy_protocol.h"

namespace dnsd::serve {
namespace {

// As sockets.cc: what an interface does not take in a second is lost, as datagrams may be.
constexpr std::chrono::seconds kSendPatience{1};

}  // namespace

UdpWorker::UdpWorker(Fd socket, const SocketAddress& own, std::size_t reply_octets, BatchHandler handler,
                     answers::Reclaimer& reclaimer, const PrefixList* proxies)
    : socket_(std::move(socket)),
      own_(own),
      own_client_(to_client(own.storage)),
      handler_(handler),
      in_hand_(reclaimer, kMaxBatch),
      proxies_(proxies),
      queries_(kMaxBatch, kMaxQuery),
      answers_(kMaxBatch, reply_octets) {
  for (std::size_t i = 0; i < kMaxBatch; ++i) {
    in_[i] = {queries_.at(i), kMaxQuery};
    auto& header = received_[i].msg_hdr;
    header.msg_name = &from_[i];
    header.msg_namelen = sizeof from_[i];
    header.msg_iov = &in_[i];
    header.msg_iovlen = 1;
    sent_[i].msg_hdr.msg_iov = &out_[i];
    sent_[i].msg_hdr.msg_iovlen = 1;
    sent_[i].msg_hdr.msg_namelen = own.size;
  }
}

void UdpWorker::stop() {
  stopping_.store(true, std::memory_order_release);
  ::shutdown(socket_.get(), SHUT_RD);
}

void UdpWorker::run() {
  while (!stopping_.load(std::memory_order_acquire)) {
    if (const auto received = receive(MSG_WAITFORONE); received != 0) answer(received);
  }
  // What came before the stop is answered, for a bounded time also under a flood: 4,096 datagrams.
  for (int i = 0; i < 64; ++i) {
    const auto received = receive(MSG_DONTWAIT);
    if (received == 0) return;
    answer(received);
  }
}

std::size_t UdpWorker::receive(int flags) {
  const int received = ::recvmmsg(socket_.get(), received_.data(), kMaxBatch, flags, nullptr);
  if (received >= 0) return static_cast<std::size_t>(received);
  if (errno != EAGAIN && errno != EINTR && !stopping_.load(std::memory_order_acquire)) {
    bump(dropped_);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));  // no memory for a moment: do not spin
  }
  return 0;
}

// Port 0 cannot be answered; our own address would be answered by ourselves (incidents.md S7).
bool UdpWorker::is_welcome(const msghdr& from, const Client& client) const {
  if (client.port == 0 || (from.msg_flags & MSG_TRUNC) != 0) return false;
  return client.port != own_client_.port || client.address != own_client_.address;
}

// The reply goes back to the proxy, without a header: it keeps who asked.
bool UdpWorker::take_proxy_header(Request& request) const {
  if (!proxies_->contains(request.client)) return false;
  const auto header = parse_proxy_header(request.packet);
  if (header.kind != ProxyHeader::Kind::local && header.kind != ProxyHeader::Kind::proxied) return false;
  if (header.kind == ProxyHeader::Kind::proxied) {
    request.client = header.client;
    request.proxied = true;
  }
  request.packet = request.packet.subspan(header.size);
  return true;
}

void UdpWorker::answer(std::size_t received) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < received; ++i) {
    auto& header = received_[i].msg_hdr;
    const bool nothing = header.msg_namelen == 0;  // how a socket that was shut down returns
    header.msg_namelen = sizeof from_[i];
    if (nothing) continue;
    const auto client = to_client(from_[i]);
    if (!is_welcome(header, client)) {
      bump(dropped_);
      continue;
    }
    requests_[count] = {{queries_.at(i), received_[i].msg_len}, client, Transport::udp};
    if (proxies_ != nullptr && !take_proxy_header(requests_[count])) [[unlikely]] {
      bump(proxy_refused_);
      continue;
    }
    replies_[count] = {{answers_.at(count), answers_.octets()}, 0};
    source_[count++] = static_cast<std::uint8_t>(i);
  }
  if (count == 0) return;
  const InHand::Scope in_hand(in_hand_);
  handler_({requests_.data(), count}, {replies_.data(), count});
  send(count);
  in_hand_.sent({replies_.data(), count});
}

// False: the queue is full, and what there is of a reply is sent.
bool UdpWorker::hand_over(std::size_t i) {
  const auto peer = to_client(from_[source_[i]]);
  auto& handoff = handler_.handoff(replies_[i].hand_over);
  if (handoff.give_datagram(requests_[i].packet, requests_[i].client, peer, socket_.get())) return true;
  if (replies_[i].size == 0) bump(dropped_);
  return false;
}

// False: the time is over.
bool UdpWorker::wait_for_room(std::chrono::steady_clock::time_point deadline) const {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  if (left <= std::chrono::milliseconds{0}) return false;
  pollfd room{socket_.get(), POLLOUT, 0};
  return ::poll(&room, 1, static_cast<int>(left.count())) != 0;
}

void UdpWorker::send(std::size_t count) {
  unsigned ready = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (replies_[i].hand_over != Handover::none && hand_over(i)) continue;
    if (replies_[i].size == 0) continue;
    out_[ready] = {replies_[i].buffer.data(), replies_[i].size};
    sent_[ready++].msg_hdr.msg_name = &from_[source_[i]];
  }
  // The control thread waits for the blocks that are in hand: a batch gets a second, however slow the interface is.
  std::optional<std::chrono::steady_clock::time_point> deadline;
  for (unsigned done = 0; done < ready;) {
    const int sent = ::sendmmsg(socket_.get(), &sent_[done], ready - done, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      done += static_cast<unsigned>(sent);
    } else if (errno == EAGAIN) {
      if (!deadline) deadline = std::chrono::steady_clock::now() + kSendPatience;
      if (!wait_for_room(*deadline)) {
        bump(dropped_, ready - done);
        return;
      }
    } else if (errno != EINTR) {
      bump(dropped_);  // this one cannot be sent (no route, firewall); the next may
      ++done;
    }
  }
}

}  // namespace dnsd::serve
