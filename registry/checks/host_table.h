// The host names of instances and what they resolve to now. One entry per name, whoever uses it. A name is asked
// again when its TTL (1 s to 1 h) has run out, and after a failure in 1, 2, 4 .. 30 s; what is known stays known
// through failures, NXDOMAIN included. Addresses that no probe may reach are dropped here already, so that a name
// cannot be turned into a way around the policy later (rebinding). Probe thread only.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "registry/checks/address_policy.h"
#include "registry/checks/resolver.h"
#include "registry/checks/runner.h"
#include "registry/checks/target.h"

namespace registry::checks {

class HostTable {
 public:
  using ReportHost = std::function<void(HostReport)>;
  using Changed = std::function<void(const std::string& host, const Addresses& before, const Addresses& now)>;

  HostTable(boost::asio::io_context& io, const std::vector<std::string>& servers, const AddressPolicy& policy,
            ReportHost report, Changed changed);

  void watch(WatchHost watch);
  void unwatch(Generation generation);
  // Empty when nothing is known (yet).
  [[nodiscard]] Addresses find(const std::string& host) const;
  [[nodiscard]] std::size_t size() const { return hosts_.size(); }
  void stop();

 private:
  struct Host {
    Addresses addresses;
    std::map<Generation, WatchHost> watchers;
    std::chrono::seconds ttl{};  // of the last success
    std::chrono::seconds backoff{};
    std::uint64_t born = 0;  // tells a name that went and came back from the one an answer was asked for
    std::multimap<Mono, std::string>::iterator due;
    bool asking = true;  // under way; then `due` is not set
  };

  void ask(const std::string& name, Host& host);
  void answered(const std::string& name, std::uint64_t born, const HostAnswer& answer);
  bool merge(Host& host, const HostAnswer& answer) const;
  void plan(const std::string& name, Host& host, std::chrono::seconds in);
  void arm();
  void tell(const Host& host, const WatchHost& watcher, bool found) const;

  const AddressPolicy& policy_;
  ReportHost report_;
  Changed changed_;
  boost::asio::steady_timer timer_;
  std::unordered_map<std::string, Host> hosts_;
  std::unordered_map<Generation, std::string> names_;
  std::multimap<Mono, std::string> due_;
  std::uint64_t born_ = 0;
  bool stopped_ = false;
  Resolver resolver_;  // last: its end calls back into none of the above
};

}  // namespace registry::checks
