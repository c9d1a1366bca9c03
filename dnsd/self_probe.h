// The server asks itself, as its probes ask others: a TCP connection to each of its own DNS addresses, every few
// seconds. When that fails, or when this machine has lost a link that matters (dnsd/links.h; a connection to an own
// address never leaves the machine, so it cannot tell), what else fails is likely our own fault: the guard takes it as
// evidence (docs/health.md).
//
// Control thread. At most one round is under way; a round that this thread was too late for tells nothing.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <vector>

#include "dnsd/links.h"

namespace dnsd {

class SelfProbe {
 public:
  using Endpoint = boost::asio::ip::tcp::endpoint;
  struct Options {
    std::chrono::milliseconds interval{5'000};
    std::chrono::milliseconds timeout{2'000};
  };

  // `listening`: where our DNS listens over TCP; an unspecified address stands for every address of this machine.
  SelfProbe(boost::asio::io_context& io, Options options, std::vector<Endpoint> listening,
            std::function<void(bool failed)> report);
  ~SelfProbe();
  SelfProbe(const SelfProbe&) = delete;
  SelfProbe& operator=(const SelfProbe&) = delete;

  void start();  // the first round begins at once
  void stop();

 private:
  struct Round;
  void begin();
  void finish(Round& round);

  boost::asio::io_context& io_;
  Options options_;
  std::vector<Endpoint> listening_;
  std::function<void(bool)> report_;
  boost::asio::steady_timer timer_;
  std::shared_ptr<Round> round_;
  LostLinks lost_;
};

}  // namespace dnsd
