// Probes: who is asked what and when. The runner owns the probe thread (one Asio io_context) with the schedule, a
// cap on concurrent probes, and the c-ares resolver for instances that have a host name.
//
// Threads: every public member is called on the control thread; work is handed to the probe thread through its
// executor; results come back through `report`, which must be thread-safe (the daemon posts to the control thread).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "registry/change.h"
#include "registry/health.h"
#include "registry/registry.h"

namespace registry::checks {

struct Report {  // a probe's result
  std::string service, id, check;
  std::uint64_t generation = 0;  // of the target that was probed; a stale one is ignored by the receiver
  ProbeResult result;
};
struct HostReport {  // a host name's addresses
  std::string service, id;
  Addresses addresses;
  std::chrono::seconds ttl{};  // 0 = could not be resolved now (keep what is known)
  bool found = false;
};

struct Options {
  std::size_t max_concurrent = 256;      // probes under way at once
  std::vector<Prefix> forbidden;         // beside link-local and multicast: the server's own API
  std::vector<std::string> forbidden_endpoints;  // "127.0.0.1:8500": address:port that no probe may reach
  std::vector<std::string> resolver_servers;     // empty = the system's
};

class Runner {
 public:
  Runner(Options options, std::function<void(Report)> report, std::function<void(HostReport)> report_host);
  ~Runner();  // stops the thread; no report comes after it returns

  void start();  // initial probes of targets known before start() are spread over their interval
  void stop();
  // Follows the registry: probes begin, move or end for whatever the change set touched. `all` re-reads everything.
  void follow(const Registry& registry, const ChangeSet& changes);
  void follow_all(const Registry& registry);

  struct Stats {
    std::uint64_t ok = 0, warn = 0, failed = 0, unknown = 0, running = 0, targets = 0, skipped = 0;
    std::chrono::microseconds worst_lag{};
  };
  [[nodiscard]] Stats stats() const;  // any thread

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace registry::checks
