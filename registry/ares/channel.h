// A c-ares channel on an io_context: its sockets, its timer, its end. Used by whoever asks name servers: the control
// plane for host names of instances, the forwarder for names outside our zones.
//
// c-ares 1.18 keeps one UDP socket per server while a query is under way on it, so all queries of a channel may share
// a source port. Who asks often opens a new channel every few dozen queries (RFC 5452 9.2).
//
// Threads: the loop's own. A channel must not be destroyed in a callback of c-ares: post it.
#pragma once

#include <ares.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <unordered_map>

namespace registry::ares {

struct ChannelOptions {
  std::string servers;  // "ip", "ip:port", "[ip]:port", comma separated; empty = the system's, with /etc/hosts first
  std::chrono::milliseconds timeout{2000};  // of the first try; c-ares doubles it for the next
  int tries = 2;                            // per server
  int flags = 0;                            // ARES_FLAG_...
  int edns_size = 1232;                     // with ARES_FLAG_EDNS: longer datagrams are asked for again over TCP
};

class Channel {
 public:
  // Null: out of descriptors or memory, or `servers` is no list of addresses.
  [[nodiscard]] static std::unique_ptr<Channel> open(boost::asio::io_context& io, const ChannelOptions& options);
  ~Channel();  // ends what is under way: its callbacks are called with ARES_EDESTRUCTION
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  [[nodiscard]] ares_channel get() const { return channel_; }
  void arm();  // after queries were begun: when c-ares wants to look at the clock

 private:
  struct Watch;

  explicit Channel(boost::asio::io_context& io);
  void socket_state(ares_socket_t fd, bool readable, bool writable);
  void wait(const std::shared_ptr<Watch>& watch, bool write);

  boost::asio::io_context& io_;
  boost::asio::steady_timer timer_;
  ares_channel channel_ = nullptr;
  std::unordered_map<ares_socket_t, std::shared_ptr<Watch>> watches_;
  std::shared_ptr<bool> alive_;  // handlers that outlive us look here first
};

}  // namespace registry::ares
