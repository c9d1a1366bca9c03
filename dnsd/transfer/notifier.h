// NOTIFY (RFC 1996) to the secondaries of a zone, over UDP.
//
// Owner: the control thread. A change is told at once, at most kPerSecond times a second and zone; what comes in
// between is told with the next. A secondary that does not answer hears it again after 1, 2, 4, 8 and 16 seconds: an
// update lost then is found by its refresh.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "dnsd/transfer/exchange.h"
#include "dnsd/transfer/settings.h"

namespace dnsd::transfer {

class Notifier {
 public:
  static constexpr int kPerSecond = 5;
  static constexpr int kTries = 6;

  // `sources`: addresses we listen on; a notification leaves from one of them where that can reach the secondary, since
  // secondaries know their primary by its address.
  Notifier(boost::asio::io_context& io, std::vector<std::string> sources);
  ~Notifier();

  // What waits or is under way for the secondaries of a zone goes on, unless they are others now.
  void configure(const Settings& settings);
  void changed(const std::string& apex);
  // Zones whose secondaries were not told of anything yet.
  [[nodiscard]] std::vector<std::string> untold() const;
  void stop();

  struct Counts {
    std::uint64_t sent = 0, answered = 0, given_up = 0;
  };
  [[nodiscard]] const Counts& counts() const { return counts_; }

 private:
  using Udp = boost::asio::ip::udp;
  struct Socket {
    explicit Socket(boost::asio::io_context& io) : socket(io) {}
    Udp::socket socket;
    Udp::endpoint from;
    std::array<std::uint8_t, 4096> buffer;
  };
  struct Target {  // one secondary of one zone
    explicit Target(boost::asio::io_context& io) : timer(io) {}
    Udp::endpoint to;
    std::string key;
    std::uint16_t id = 0;
    tsig::Stream stream;
    int tries = 0;  // 0 = nothing is under way
    boost::asio::steady_timer timer;
  };
  struct Zone {
    explicit Zone(boost::asio::io_context& io) : timer(io) {}
    std::vector<Peer> peers;  // that the targets were made of
    std::vector<std::shared_ptr<Target>> targets;
    std::chrono::steady_clock::time_point last{};
    bool waits = false;
    boost::asio::steady_timer timer;
  };

  void tell_all(const std::string& apex, Zone& zone);
  void tell(const std::string& apex, const std::shared_ptr<Target>& target);
  Socket* socket_for(const Udp::endpoint& to);
  void receive(Socket& socket);
  void answered(const Udp::endpoint& from, std::span<const std::uint8_t> octets);

  boost::asio::io_context& io_;
  std::vector<std::string> sources_;
  tsig::Keys keys_;
  std::map<std::string, std::shared_ptr<Zone>> zones_;        // timers hold them weakly: one that ran out may come late
  std::map<Udp::endpoint, std::unique_ptr<Socket>> sockets_;  // by local address
  Counts counts_;
};

}  // namespace dnsd::transfer
