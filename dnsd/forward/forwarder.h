// Names outside our zones: a thread of its own that takes what the DNS workers hand over, asks the upstreams and
// answers, over the worker's UDP socket or the TCP connection that came along.
//
// Threads: the constructor, start(), set_rules() and stop() on the control thread; stats() from any; everything else on
// this object's own thread. Bounds: lookups.h, session.h, the queue of serve::Handoff (over it, datagrams are dropped
// and counted by the worker).
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "dnsd/answers/reclaim.h"
#include "dnsd/forward/asker.h"
#include "dnsd/forward/cache.h"
#include "dnsd/forward/lookups.h"
#include "dnsd/forward/settings.h"
#include "dnsd/serve/handoff.h"
#include "dnsd/serve/responder.h"

namespace dnsd::forward {

class Session;

class Forwarder {
 public:
  // TCP connections that asked for a foreign name; a worker's own are not counted.
  static constexpr std::size_t kMaxSessions = 512;

  struct Parts {
    const answers::Table& table;
    answers::Reclaimer& reclaimer;
    serve::ResponderOptions responder;  // as the workers have them
    registry::Millis tcp_idle{10'000}, tcp_io{5'000};
  };
  Forwarder(Settings settings, Parts parts);  // std::system_error when the system gives no sockets
  ~Forwarder();

  [[nodiscard]] serve::Handoff& handoff() { return handoff_; }
  void start();
  void set_rules(const serve::ResponderOptions& options);  // at a reload, see Responder
  void stop();  // before the workers are gone: replies leave through their sockets

  struct Stats {
    LookupCounts lookups;
    std::vector<UpstreamCounts> upstreams;  // as configured
    std::uint64_t under_way = 0, waiting = 0, sessions = 0, sessions_refused = 0;
    std::uint64_t cache_entries = 0, cache_octets = 0;
  };
  [[nodiscard]] Stats stats() const;

 private:
  friend class Session;
  // Octets of a reply; none = there will be none.
  using Send = std::move_only_function<void(std::span<const std::uint8_t>)>;
  struct Asked;

  void wait();
  void take_some();
  void take_connection(std::unique_ptr<serve::HandedConnection> connection);
  void forget(const std::shared_ptr<Session>& session);
  void answer(std::span<const std::uint8_t> packet, const serve::Client& client, serve::Transport transport, Send send);
  [[nodiscard]] serve::Reply respond(std::span<const std::uint8_t> packet, const serve::Client& client,
                                     serve::Transport transport);
  [[nodiscard]] bool follow(Asked& asked);
  void say(Asked& asked, const Said& said, seconds age);
  [[nodiscard]] bool is_upstream(const serve::Client& client) const;
  void publish_stats();

  const Settings settings_;
  const Parts parts_;
  std::vector<serve::Client> upstream_addresses_;  // but loopback's: there the port alone would tell who asks
  serve::Handoff handoff_;
  answers::Reclaimer::Reader& reader_;
  serve::Responder responder_;
  serve::CookieSecret cookie_secret_;

  boost::asio::io_context io_{1};
  boost::asio::posix::stream_descriptor waiting_;
  std::vector<std::uint8_t> in_, out_;
  Cache cache_;
  Asker asker_;
  Lookups lookups_;
  std::set<std::shared_ptr<Session>> sessions_;
  std::uint64_t sessions_refused_ = 0;

  mutable std::mutex stats_mutex_;
  Stats stats_;
  std::thread thread_;
};

}  // namespace dnsd::forward
