// This machine's network interfaces, and whether one was lost that others are reached over.
//
// What counts as such: an interface of the default route, and a network card (what has a device of its own). A bridge
// of containers or a tunnel is neither: it runs when every cable is out, and stops when its last container does. Where
// nothing counts (a container without a default route), any interface does, and only all of them together are lost.
//
// Needs no privileges. Control thread; getifaddrs and some small files of the kernel.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace dnsd {

struct Link {
  std::string name;
  bool running = false;                             // it is up and has its carrier
  bool important = false;                           // a network card, or of the default route
  std::vector<boost::asio::ip::address> addresses;  // that a neighbour could reach: neither loopback nor link-local
};

// Those that exist now, with at most kMaxOwnAddresses addresses in all.
inline constexpr std::size_t kMaxOwnAddresses = 64;
[[nodiscard]] std::vector<Link> links();
// Of those that run.
[[nodiscard]] std::vector<boost::asio::ip::address> addresses_of(const std::vector<Link>& links);
// The interfaces of default routes in the kernel's tables /proc/net/route and /proc/net/ipv6_route.
[[nodiscard]] std::vector<std::string> default_interfaces(const std::string& ipv4_table, const std::string& ipv6_table);

class LostLinks {
 public:
  using Time = std::chrono::steady_clock::time_point;
  // Whether all links are lost, or one that was important when it last ran, within kCounts.
  [[nodiscard]] bool look(const std::vector<Link>& now, Time time);

  // What has been away for longer was taken away: it is no longer the reason of what fails now, nor may it be evidence
  // for ever. As long as the guard holds by default.
  static constexpr std::chrono::minutes kCounts{10};

 private:
  std::map<std::string, Time> ran_;  // important ones with an address: when they were seen running last
  bool had_any_ = false;
};

}  // namespace dnsd
