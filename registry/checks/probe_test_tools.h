// Runs one probe against one endpoint, without schedule and registry.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <memory>

#include "registry/checks/attempt.h"
#include "registry/checks/kept.h"
#include "registry/checks/probe.h"
#include "registry/checks/reaper.h"
#include "registry/checks/tls.h"

namespace registry::checks::test {

// Long enough that a busy machine does not reach it where the test is not about time.
inline constexpr Millis kPatience{20'000};

inline Target target_of(const CheckDef& check, InstanceDef def = {}) {
  Target target;
  target.generation = 1;
  target.service = std::make_shared<const std::string>("worker.corp");
  def.id = "w1";
  target.def = std::make_shared<const InstanceDef>(std::move(def));
  target.checks = std::make_shared<const std::vector<CheckDef>>(1, check);
  return target;
}

// The same probe again and again, as the schedule asks it.
class Repeated {
 public:
  explicit Repeated(const CheckDef& check, std::string ca_file = {}, InstanceDef def = {})
      : timeout_(check.timeout),
        tls_(std::move(ca_file)),
        probe_(make_probe(target_of(check, std::move(def)), {tls_, kept_, programs_})) {}

  ProbeResult ask(const boost::asio::ip::tcp::endpoint& endpoint) {
    const auto attempt = std::make_shared<Attempt>(io_, endpoint, timeout_, lag_);
    ProbeResult out;
    attempt->start();
    boost::asio::co_spawn(io_, probe_->run(*attempt), [&](const std::exception_ptr& thrown, ProbeResult result) {
      if (thrown) std::rethrow_exception(thrown);
      out = std::move(result);
      attempt->abandon();
    });
    io_.restart();
    io_.run();  // returns only when nothing is left in the loop
    return out;
  }
  [[nodiscard]] std::size_t kept() const { return kept_.now; }
  void forget() { probe_.reset(); }
  KeptCount& count() { return kept_; }
  Probe& probe() { return *probe_; }
  Reaper& programs() { return programs_; }

 private:
  Millis timeout_;
  boost::asio::io_context io_;
  LoopLag lag_{io_};
  TlsContexts tls_;
  KeptCount kept_;
  Reaper programs_;
  std::unique_ptr<Probe> probe_;
};

inline ProbeResult ask(const CheckDef& check, const boost::asio::ip::tcp::endpoint& endpoint, std::string ca_file = {},
                       InstanceDef def = {}) {
  return Repeated(check, std::move(ca_file), std::move(def)).ask(endpoint);
}

inline CheckDef http_check() {
  CheckDef check;
  check.name = "http";
  check.kind = CheckKind::http;
  check.timeout = kPatience;
  return check;
}

inline CheckDef tcp_check() {
  CheckDef check;
  check.name = "tcp";
  check.kind = CheckKind::tcp;
  check.timeout = kPatience;
  return check;
}

}  // namespace registry::checks::test
