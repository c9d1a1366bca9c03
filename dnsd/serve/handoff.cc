#include "dnsd/serve/handoff.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <vector>

namespace dnsd::serve {
namespace {

struct Head {
  HandedConnection* connection;  // owned by the message
  Client client, peer;
  int socket;
};

}  // namespace

Handoff::Handoff() {
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0)
    throw std::system_error(errno, std::generic_category(), "socketpair");
  giving_.reset(pair[0]);
  receiving_.reset(pair[1]);
}

Handoff::~Handoff() {
  std::vector<std::uint8_t> buffer(kBuffer);
  while (receive(buffer)) {
  }
}

bool Handoff::give_datagram(std::span<const std::uint8_t> packet, const Client& client, const Client& peer,
                            int socket) noexcept {
  Head head{nullptr, client, peer, socket};
  iovec parts[2] = {{&head, sizeof head}, {const_cast<std::uint8_t*>(packet.data()), packet.size()}};
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  return ::sendmsg(giving_.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT) > 0;
}

bool Handoff::give_connection(std::unique_ptr<HandedConnection> connection) noexcept {
  Head head{connection.get(), {}, {}, -1};
  if (::send(giving_.get(), &head, sizeof head, MSG_NOSIGNAL | MSG_DONTWAIT) <= 0) return false;
  (void)connection.release();
  return true;
}

std::optional<Handoff::Received> Handoff::receive(std::span<std::uint8_t> buffer) {
  Head head{};
  iovec parts[2] = {{&head, sizeof head}, {buffer.data(), buffer.size()}};
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  const auto got = ::recvmsg(receiving_.get(), &message, MSG_DONTWAIT);
  if (got < static_cast<ssize_t>(sizeof head)) return std::nullopt;
  return Received{std::unique_ptr<HandedConnection>(head.connection), head.client, head.peer, head.socket,
                  buffer.first(static_cast<std::size_t>(got) - sizeof head)};
}

}  // namespace dnsd::serve
