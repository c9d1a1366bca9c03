// The seam between the schedule and the protocols: one question to one address.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>

#include "registry/checks/attempt.h"
#include "registry/checks/target.h"

namespace registry::checks {

class TlsContexts;
struct KeptCount;

class Probe {
 public:
  virtual ~Probe() = default;
  // Asks once over `attempt`, whose clock runs already, and returns when it knows or the attempt has ended.
  // The latency is the caller's to measure. Never more than one at a time per probe.
  virtual boost::asio::awaitable<ProbeResult> run(Attempt& attempt) = 0;
};

// http, https: one request, on a connection of its own or one that was kept (kept_connection.h); redirects are not
// followed, the body is read up to 64 KiB.
[[nodiscard]] std::unique_ptr<Probe> make_http_probe(const Target& target, TlsContexts& tls, KeptCount& kept);
// tcp: connects, with `tls` also shakes hands, and closes with RST. The certificate is not judged: such a check has
// no name to judge it by.
[[nodiscard]] std::unique_ptr<Probe> make_tcp_probe(const Target& target, TlsContexts& tls);

// By the check's kind; heartbeats are not probed.
[[nodiscard]] std::unique_ptr<Probe> make_probe(const Target& target, TlsContexts& tls, KeptCount& kept);

}  // namespace registry::checks
