// Probes: who is asked what and when. The runner owns the probe thread (one Asio io_context) with the schedule, a
// cap on concurrent probes, and the c-ares resolver for instances that have a host name.
//
// Threads: every public member is called on the control thread; work is handed to the probe thread through its
// executor; results come back through `report`, which must be thread-safe (the daemon posts to the control thread).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "registry/change.h"
#include "registry/health.h"
#include "registry/registry.h"

namespace registry::checks {

struct Report {  // a probe's result
  std::string service, id, check;
  std::uint64_t generation = 0;  // of the target that was probed; the receiver ignores it unless `is_current`
  ProbeResult result;
};
struct HostReport {  // a host name's addresses, after each attempt to resolve it
  std::string service, id;
  Addresses addresses;         // what is known now, also when this attempt failed
  std::chrono::seconds ttl{};  // 1 s .. 1 h; 0 = could not be resolved now (keep what is known)
  bool found = false;
  std::uint64_t generation = 0;  // as Report's
};

struct Options {
  std::size_t max_concurrent = 256;              // probes under way at once
  std::vector<Prefix> forbidden;                 // beside link-local and multicast: the server's own API
  std::vector<std::string> forbidden_endpoints;  // "127.0.0.1:8500": address:port that no probe may reach
                                                 // "0.0.0.0:8500" and "[::]:8500" mean every address of this machine
  std::vector<std::string> resolver_servers;     // "ip:port"; empty = the system's
  std::string ca_file;                           // PEM roots for https beside the system's; "" = none
  Millis idle_after{0};                          // services that nobody asked for as long are probed slower; 0 = none
  int idle_factor = 10;                          // so many times
  std::vector<std::string> exec_programs;        // what exec checks may run (may_run in registry/validate.h)
};

// Descriptors that probes hold at most: two each (a DNS check over UDP that goes on over TCP; a program's output and
// its end), and the connections that stay open in between.
[[nodiscard]] std::size_t most_descriptors(const Options& options);

class Runner {
 public:
  // Throws std::invalid_argument when an endpoint of the options is malformed.
  Runner(Options options, std::function<void(Report)> report, std::function<void(HostReport)> report_host);
  ~Runner();  // stops the thread; no report comes after it returns

  void start();  // initial probes of targets known before start() are spread over their interval
  void stop();   // as the destructor; there is no second start
  // Follows the registry: probes begin, move or end for whatever the change set touched. `all` re-reads everything.
  void follow(const Registry& registry, const ChangeSet& changes);
  void follow_all(const Registry& registry);
  // Whether a report still speaks of what was last followed. One that was under way while its check, its target or
  // its instance changed does not, and must not be fed to the new one.
  [[nodiscard]] bool is_current(const Report& report) const;
  [[nodiscard]] bool is_current(const HostReport& report) const;

  // To be called about twice a second. `last_asked` tells when somebody last asked for a service, by any way that
  // counts; nothing = never. The answer path has no part in this: it notes the time anyway, for drains.
  void review(Mono now, const std::function<std::optional<Mono>(std::string_view service)>& last_asked);

  struct Stats {
    std::uint64_t ok = 0, warn = 0, failed = 0, unknown = 0, running = 0, targets = 0;
    std::uint64_t skipped = 0;              // turns that found the probe before still running
    std::uint64_t waiting = 0;              // due, but too many others run
    std::uint64_t idle = 0;                 // of the targets, those probed slower because nobody asks for them
    std::uint64_t hosts = 0;                // host names that are kept resolved
    std::chrono::microseconds worst_lag{};  // the latest that the probe thread's loop ever ran
  };
  [[nodiscard]] Stats stats() const;  // any thread

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace registry::checks
