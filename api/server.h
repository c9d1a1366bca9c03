// The HTTP server: Beast on the control thread. Every handler runs where the registry lives, so there are no locks;
// slow work (fsync, probes, backups) happens on other threads and resumes the handler's coroutine.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/json/value.hpp>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "registry/registry.h"
#include "registry/store/commit_log.h"
#include "registry/write/feed.h"
#include "registry/write/write_path.h"

namespace api {

struct Endpoint {
  std::string address;
  std::uint16_t port = 0;
};

// Into which namespace a dialect registers, by its apex; "" = the first there is.
struct ConsulOptions {
  std::string ns;
  // Everything registered through /v1/agent runs on this one node, so that it may be renewed through any of our
  // servers.
  std::string node = "dnsd";
  std::string datacenter = "dc1";
};
struct EurekaOptions {
  std::string ns;
  int lease_factor = 1;  // a lease lasts so many times what its client says; Netflix's server waits twice as long
};

// AWS Cloud Map's interface. With a key every request must be signed with it; without one the token rules.
struct CloudmapOptions {
  std::string access_key_id;
  std::string secret_key;
  int max_srv = 0;  // SRV records per answer of the services that it makes, 0 = all
};

// Envoy's discovery.
struct EnvoyOptions {
  std::string cluster = "dnsd";  // what this server is called in Envoy's bootstrap: the Host that Envoy sends
  std::string ns;                // whose services are clusters; "" = all
};

struct Options {
  std::vector<Endpoint> listen;
  std::string token;                              // bearer token; "" = none asked for
  std::vector<std::string> allowed_hosts;         // Host header allow-list beside localhost and the listen addresses
  std::vector<registry::Prefix> allow_addresses;  // [registration] allow_addresses; empty = any
  registry::CheckDef check_defaults;              // [health] interval, timeout, rise, fall where a check does not say
  std::size_t max_header = 8 << 10;
  std::size_t max_body = 64 << 10;
  std::size_t max_batch_body = 4 << 20;
  std::size_t max_batch_operations = 1000;
  std::size_t max_connections = 8192;
  std::size_t max_watchers = 4096;  // held requests: long polls and event streams
  registry::Millis header_timeout{5'000};
  registry::Millis body_timeout{15'000};
  registry::Millis idle_timeout{60'000};
  registry::Millis write_timeout{20'000};  // without an octet taken: the peer is stuck, and its buffers cost memory
  registry::Millis keep_alive{15'000};     // an event stream with nothing to tell sends a comment
  ConsulOptions consul;
  EurekaOptions eureka;
  CloudmapOptions cloudmap;
  EnvoyOptions envoy;
};

// resolve: what DNS answers for one question; explain: and why. From the code that answers, handed in by the daemon.
struct Question {
  std::string name, type;
  std::string client;  // "address[:port]"; "" = the HTTP peer
  bool tcp = false;
  std::uint16_t size = 1232;
  std::size_t limit = 1000;  // explain: instances shown
};

struct Readiness {
  bool ready = false;
  bool store = false, zones = false, dns = false;
  bool stale = false;
};

// What the daemon lends. All references outlive the server; everything is called on the control thread.
struct Context {
  registry::Registry& registry;
  registry::WritePath& writes;
  registry::Feed& feed;
  registry::store::CommitLog& store;
  std::function<registry::Now()> clock;
  std::function<registry::Result<boost::json::value>(const Question&)> resolve;
  std::function<registry::Result<boost::json::value>(const Question&)> explain;
  std::function<std::optional<registry::Mono>(std::string_view service)> last_answered;
  // Calls back on the control thread once no worker can still answer from blocks replaced before this call.
  std::function<void(std::move_only_function<void()>)> after_grace;
  std::function<Readiness()> ready;
  std::function<std::expected<void, std::vector<std::string>>()> reload;  // the lines say what was kept and why
  std::function<void(std::string&)> dns_metrics;                          // appends Prometheus text
  std::function<boost::json::object()> status;  // members beside the API's own: version, uptime, dns, checks
};

class Server {
 public:
  Server(boost::asio::io_context& io, Options options, Context context);
  ~Server();
  [[nodiscard]] std::expected<void, std::string> open();  // binds and listens; one line on error
  [[nodiscard]] const std::vector<Endpoint>& endpoints() const;
  void stop(std::function<void()> done);  // stops accepting, finishes what is in flight (at most 5 s)

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace api
