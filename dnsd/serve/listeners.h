// All sockets and worker threads of a server, for any handler of batches: Server gives it responders, tests an echo.
//
// Threads: open(), start(), stop() on the control thread; counts() from any thread.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "dnsd/answers/reclaim.h"
#include "dnsd/serve/batch.h"
#include "dnsd/serve/server.h"
#include "dnsd/serve/sockets.h"
#include "dnsd/serve/tcp_worker.h"
#include "dnsd/serve/udp_worker.h"

namespace dnsd::serve {

class Listeners {
 public:
  static constexpr int kMaxWorkers = 256;

  struct Counts {
    std::uint64_t dropped = 0;       // received, and not handed on or not sent
    std::uint64_t socket_drops = 0;  // never received: the socket's buffer was full
    std::uint64_t tcp_open = 0, tcp_accepted = 0, tcp_closed_idle = 0, tcp_refused = 0;
    std::uint64_t late = 0;           // answers that left too long after their block was replaced (in_hand.h)
    std::uint64_t proxy_refused = 0;  // datagrams and connections without a sound PROXY header of a listed proxy
  };

  // `make_handler` is called once for each worker; what it returns must outlive this object.
  Listeners(const ServerOptions& options, std::function<BatchHandler()> make_handler, answers::Reclaimer& reclaimer);
  ~Listeners();

  [[nodiscard]] std::expected<void, std::string> open();
  [[nodiscard]] const std::vector<Endpoint>& endpoints() const { return endpoints_; }
  [[nodiscard]] const std::vector<Endpoint>& proxy_endpoints() const { return proxy_endpoints_; }
  void start();  // std::system_error when the system gives no threads
  void stop();
  [[nodiscard]] Counts counts() const;

 private:
  [[nodiscard]] std::expected<void, std::string> bind_all(int workers);
  [[nodiscard]] std::expected<void, std::string> bind_list(const std::vector<Endpoint>& listen, int workers,
                                                           std::vector<Endpoint>& endpoints,
                                                           std::vector<BoundEndpoint>& bound);
  void make_udp(BoundEndpoint& bound, const PrefixList* proxies, std::vector<Listening>& listening);
  void make_workers();
  void make_threads();

  const ServerOptions options_;
  std::function<BatchHandler()> make_handler_;
  answers::Reclaimer& reclaimer_;
  ClientCounts clients_;
  const PrefixList proxies_;
  std::vector<Endpoint> endpoints_, proxy_endpoints_;
  std::vector<BoundEndpoint> bound_, proxy_bound_;  // their UDP sockets move to the workers
  mutable std::mutex mutex_;                        // the workers below against counts() while stop() closes them
  std::vector<std::unique_ptr<UdpWorker>> udp_;
  std::vector<std::unique_ptr<TcpWorker>> tcp_;
  Counts final_;  // of workers that are gone
  std::vector<std::jthread> threads_;
};

}  // namespace dnsd::serve
