// c-ares on the probe thread's io_context: both address families of a host name with their TTLs, each family with an
// outcome of its own, so that a lost AAAA answer does not take away a known IPv6 address.
//
// Lookups run in batches of at most 32 names, each batch on a new channel: c-ares 1.18 keeps one UDP socket per server,
// and a fresh source port every few dozen queries is what makes forged answers hard to place (RFC 5452 section 9.2).
// A new channel also reads resolv.conf again. Probe thread only.
#pragma once

#include <ares.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "registry/ares/channel.h"
#include "registry/basics.h"

namespace registry::checks {

enum class Lookup : std::uint8_t { found, absent, failed };  // absent: the server said so

struct HostAnswer {
  Lookup v4 = Lookup::failed, v6 = Lookup::failed;
  std::vector<Ipv4> a;
  std::vector<Ipv6> aaaa;
  std::chrono::seconds ttl = std::chrono::hours(1);  // the smallest seen, aliases included
};

class Resolver {
 public:
  using Done = std::function<void(HostAnswer)>;

  // `servers` are "ip:port" or "ip"; empty = the system's, with /etc/hosts first.
  Resolver(boost::asio::io_context& io, const std::vector<std::string>& servers);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // `done` is called later on the loop, once, unless `stop` comes before. The caller bounds how many it asks for.
  void lookup(std::string host, Done done);
  void stop();

 private:
  struct Query;
  struct Half;

  void pump();
  bool open();
  void begin(std::unique_ptr<Query> query);
  void finish(Query& query);
  static void answered(void* half, int status, int timeouts, ares_addrinfo* info);

  boost::asio::io_context& io_;
  std::string servers_;  // comma separated
  std::unique_ptr<ares::Channel> channel_;
  std::size_t started_ = 0;  // names begun on this channel
  std::unordered_map<Query*, std::unique_ptr<Query>> under_way_;
  std::deque<std::unique_ptr<Query>> queue_;
  bool pump_posted_ = false;
  bool stopped_ = false;
  std::shared_ptr<bool> alive_;  // handlers that outlive us look here first
};

}  // namespace registry::checks
