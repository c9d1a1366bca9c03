// A connection that is left open for the next probe of the same target, which saves both sides the handshake and the
// end. Only where probes come quickly: between slow ones it would hold a place, at many servers a thread. And not for
// long: now and then a probe has to show that the target still accepts connections. Probe thread only.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstddef>
#include <optional>
#include <utility>

#include "registry/basics.h"

namespace registry::checks {

// How many are open between probes, over all targets: each is a descriptor, and with TLS 80 KB.
struct KeptCount {
  // For each probe that may run at once. A probe of a kept connection takes some milliseconds of its second, so that
  // many places are enough for far more targets; those beyond it connect anew each time. 80 MB by default, at worst.
  static constexpr std::size_t kPerPlace = 4;
  std::size_t most = 256 * kPerPlace;
  std::size_t now = 0;
};

template <class Connection>  // what of it outlives a probe: movable, closes when destroyed
class Kept {
 public:
  static constexpr Millis kLongestInterval{1'000};
  static constexpr int kUses = 10;  // probes over one connection

  Kept(KeptCount& count, Millis interval) : count_(count), wanted_(interval <= kLongestInterval) {}
  ~Kept() { drop(); }
  Kept(const Kept&) = delete;
  Kept& operator=(const Kept&) = delete;

  // The one that was kept to there, if any. What was kept to another place is closed.
  [[nodiscard]] std::optional<Connection> take(const boost::asio::ip::tcp::endpoint& target) {
    if (!connection_ || target_ != target) {
      drop();
      return std::nullopt;
    }
    --count_.now;
    return std::exchange(connection_, std::nullopt);
  }
  // How often its target is probed from now on: where that is no longer quick, nothing stays open.
  void set_interval(Millis interval) {
    wanted_ = interval <= kLongestInterval;
    if (!wanted_) drop();
  }
  // A new connection is used from here on.
  void renew() { uses_ = 0; }
  // Whether the probe that begins may leave its connection open.
  [[nodiscard]] bool may_stay() const { return wanted_ && uses_ + 1 < kUses; }
  void keep(Connection connection, const boost::asio::ip::tcp::endpoint& target) {
    if (!may_stay() || count_.now >= count_.most) return;  // closes it
    ++uses_;
    ++count_.now;
    connection_.emplace(std::move(connection));
    target_ = target;
  }

 private:
  void drop() {
    if (!connection_) return;
    --count_.now;
    connection_.reset();
  }

  KeptCount& count_;
  bool wanted_;
  int uses_ = 0;  // of the connection, before the probe that runs
  std::optional<Connection> connection_;
  boost::asio::ip::tcp::endpoint target_;
};

}  // namespace registry::checks
