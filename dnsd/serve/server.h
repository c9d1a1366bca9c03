// The DNS sockets: UDP worker threads that block in recvmmsg, TCP worker threads on epoll. They know bytes and
// clients; what an answer is, the Responder knows.
//
// Threads: open(), start() and stop() on the control thread. Every socket is bound before start() answers anything.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "dnsd/answers/reclaim.h"
#include "dnsd/serve/responder.h"

namespace dnsd::serve {

class Handoff;

struct Endpoint {
  std::string address;     // "127.0.0.1", "::1", "0.0.0.0" (expanded to the interface addresses, so that a reply leaves
                           // from the address that was asked, RFC 2181 4)
  std::uint16_t port = 0;  // 0 = any free port, the same for UDP and TCP
};

struct ServerOptions {
  std::vector<Endpoint> listen;
  std::vector<Endpoint> proxy_listen;     // here every datagram and connection begins with a PROXY header ...
  std::vector<registry::Prefix> proxies;  // ... of one of these; others get no answer
  int workers = 0;                        // UDP threads per endpoint set; 0 = one per core this process may use
  int tcp_workers = 1;
  std::size_t tcp_connections = 8192;  // over it the longest idle one is closed
  std::size_t tcp_per_client = 1024;
  registry::Millis tcp_idle{10'000};
  registry::Millis tcp_idle_overload{1'000};  // when seven eighths of the connections are taken
  registry::Millis tcp_io{5'000};             // to deliver one whole message, or to take a reply
  int udp_receive_buffer = 4 << 20;           // SO_RCVBUF(FORCE): the default holds about 130 small datagrams
  ResponderOptions responder;
  Handoff* handoff = nullptr;     // zone maintenance; outlives the server, null = nothing is handed over
  Handoff* forwarding = nullptr;  // as well; for responder.forwards
};

class Server {
 public:
  Server(ServerOptions options, const answers::Table& table, answers::Reclaimer& reclaimer);
  ~Server();

  // Binds everything. A second daemon on the same port is refused: each address is first bound without SO_REUSEPORT.
  // The error is one line for the operator.
  [[nodiscard]] std::expected<void, std::string> open();
  [[nodiscard]] const std::vector<Endpoint>& endpoints() const;  // as bound
  [[nodiscard]] const std::vector<Endpoint>& proxy_endpoints() const;
  void start();
  void set_rules(const ResponderOptions& options);  // of all workers, see Responder
  void stop();  // answers what was received, closes TCP connections in order, joins the threads; at most 5 s

  struct Stats {  // sums over workers
    std::uint64_t udp_requests = 0, tcp_requests = 0, dropped = 0, truncated = 0, fail_open = 0, bytes_out = 0;
    std::array<std::uint64_t, 25> rcodes{};
    std::array<std::uint64_t, 8> types{};
    std::uint64_t socket_drops = 0;  // SO_RXQ_OVFL or SO_MEMINFO
    std::uint64_t tcp_open = 0, tcp_accepted = 0, tcp_closed_idle = 0, tcp_refused = 0;
    std::uint64_t rate_dropped = 0, rate_slipped = 0, proxy_refused = 0;
    std::uint64_t late = 0;  // sent more than InHand::kLate after their block was replaced
  };
  [[nodiscard]] Stats stats() const;  // any thread

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dnsd::serve
