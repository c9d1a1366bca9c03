#include "registry/checks/kept_connection.h"

#include <utility>

namespace registry::checks {

using boost::asio::ip::tcp;

std::optional<tcp::socket> KeptConnection::take(const tcp::endpoint& target) {
  if (!socket_ || target_ != target) {
    drop();
    return std::nullopt;
  }
  --count_.now;
  return std::exchange(socket_, std::nullopt);
}

void KeptConnection::keep(tcp::socket socket, const tcp::endpoint& target) {
  if (!may_stay() || count_.now >= count_.most) return;  // closes it
  ++uses_;
  ++count_.now;
  socket_.emplace(std::move(socket));
  target_ = target;
}

void KeptConnection::drop() {
  if (!socket_) return;
  --count_.now;
  socket_.reset();
}

}  // namespace registry::checks
