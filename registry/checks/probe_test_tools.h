// Runs one probe against one endpoint, without schedule and registry.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <memory>

#include "registry/checks/attempt.h"
#include "registry/checks/kept_connection.h"
#include "registry/checks/probe.h"
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

inline ProbeResult ask(CheckDef check, const boost::asio::ip::tcp::endpoint& endpoint, std::string ca_file = {},
                       InstanceDef def = {}) {
  boost::asio::io_context io;
  TlsContexts tls(std::move(ca_file));
  KeptCount kept;
  LoopLag lag(io);
  const std::shared_ptr<Probe> probe = make_probe(target_of(check, std::move(def)), tls, kept);
  const auto attempt = std::make_shared<Attempt>(io, endpoint, check.timeout, lag);
  ProbeResult out;
  attempt->start();
  boost::asio::co_spawn(io, probe->run(*attempt), [&](const std::exception_ptr& thrown, ProbeResult result) {
    if (thrown) std::rethrow_exception(thrown);
    out = std::move(result);
    attempt->abandon();
  });
  io.run();
  return out;
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
