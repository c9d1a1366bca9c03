// The probe thread's side: carries out the follower's commands, starts probes when the schedule says so and reports
// what they found. Everything here runs on the io_context's one thread, except `counters`, which anyone may read.
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "registry/checks/address_policy.h"
#include "registry/checks/attempt.h"
#include "registry/checks/host_table.h"
#include "registry/checks/kept.h"
#include "registry/checks/loop_lag.h"
#include "registry/checks/probe.h"
#include "registry/checks/reaper.h"
#include "registry/checks/runner.h"
#include "registry/checks/schedule.h"
#include "registry/checks/target.h"
#include "registry/checks/tls.h"

namespace registry::checks {

struct Counters {                            // written by the probe thread alone, relaxed
  std::atomic<std::uint64_t> verdicts[4]{};  // by Verdict
  std::atomic<std::uint64_t> running{0}, waiting{0}, targets{0}, skipped{0}, hosts{0}, idle{0};
  std::atomic<std::int64_t> worst_lag{0};  // microseconds
};

class Prober {
 public:
  // Programs of exec checks at once. Each is a process of some megabytes, and all compete with the DNS threads for the
  // machine: what 16 plugins of 20 ms do in turn, 800 a second, is more than a machine should spend on them.
  static constexpr std::size_t kMaxPrograms = 16;

  Prober(boost::asio::io_context& io, const Options& options, std::function<void(Report)> report,
         std::function<void(HostReport)> report_host);

  void start();
  void execute(Command command);  // followed by one `pump` for any number of them
  void pump();                    // starts what is due, as far as there are places
  void stop();                    // ends every attempt; nothing is reported from here on

  [[nodiscard]] const Counters& counters() const { return counters_; }

 private:
  struct Entry {
    Target target;
    std::shared_ptr<Probe> probe;      // made with the first turn
    std::shared_ptr<Attempt> attempt;  // while running
    Mono first{};                      // a host name without addresses waits outside the schedule; not before this
    bool scheduled = false;
    bool idle = false;
  };
  [[nodiscard]] Millis interval_of(const Entry& entry) const;
  [[nodiscard]] Share share_of(const Target& target) const;

  void carry_out(AddTarget add);
  void carry_out(RemoveTarget remove);
  void carry_out(WatchHost watch);
  void carry_out(UnwatchHost unwatch);
  void carry_out(SetPace pace);
  void schedule(Entry& entry);
  [[nodiscard]] std::expected<boost::asio::ip::tcp::endpoint, std::string> endpoint_of(const Target& target) const;
  void launch(Generation generation);
  boost::asio::awaitable<void> run(Generation generation, std::shared_ptr<Probe> probe,
                                   std::shared_ptr<Attempt> attempt);
  void finish(Generation generation, const std::shared_ptr<Attempt>& attempt, ProbeResult result);
  void report(const Entry& entry, ProbeResult result);
  void host_changed(const std::string& host, const Addresses& before, const Addresses& now);
  void arm();
  void reap();
  void publish_counters();

  boost::asio::io_context& io_;
  std::function<void(Report)> report_;
  AddressPolicy policy_;
  std::vector<std::string> exec_programs_;
  int idle_factor_;
  std::size_t idle_ = 0;       // entries that are
  std::size_t service_share_;  // places that one service's probes hold at most
  TlsContexts tls_;
  KeptCount kept_;
  Reaper programs_;
  LoopLag lag_;
  Schedule schedule_;
  boost::asio::steady_timer timer_;
  boost::asio::steady_timer reap_timer_;
  std::optional<Mono> armed_;
  std::unordered_map<Generation, Entry> entries_;
  std::unordered_map<std::string, std::unordered_set<Generation>> by_host_;  // folded host name
  Counters counters_;
  bool stopped_ = false;
  bool reaping_ = false;
  HostTable hosts_;
};

// Which of the instance's addresses a check asks: of the family that it names, else IPv4 where there is one, else
// IPv6. Nothing when there is none of that family.
[[nodiscard]] std::optional<boost::asio::ip::address> address_for(const Addresses& addresses, Family family);

}  // namespace registry::checks
