// The seam between the schedule and the protocols: one question to one address.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>

#include "registry/checks/attempt.h"
#include "registry/checks/target.h"

namespace registry::checks {

class Reaper;
class TlsContexts;
struct KeptCount;

// What all probes share.
struct ProbeTools {
  TlsContexts& tls;
  KeptCount& kept;
  Reaper& programs;
};

class Probe {
 public:
  virtual ~Probe() = default;
  // Asks once over `attempt`, whose clock runs already, and returns when it knows or the attempt has ended.
  // The latency is the caller's to measure. Never more than one at a time per probe.
  virtual boost::asio::awaitable<ProbeResult> run(Attempt& attempt) = 0;
  // How often it is asked from now on, which may be less often than the check says.
  virtual void set_interval(Millis) {}
};

// http, https: one request, on a connection of its own or one that was kept (kept.h); redirects are not
// followed, the body is read up to 64 KiB.
[[nodiscard]] std::unique_ptr<Probe> make_http_probe(const Target& target, TlsContexts& tls, KeptCount& kept);
// tcp: connects, with `tls` also shakes hands, and closes with RST. The certificate is not judged: such a check has
// no name to judge it by.
[[nodiscard]] std::unique_ptr<Probe> make_tcp_probe(const Target& target, TlsContexts& tls);

// grpc: asks grpc.health.v1.Health/Check over HTTP/2, with prior knowledge or by ALPN.
[[nodiscard]] std::unique_ptr<Probe> make_grpc_probe(const Target& target, TlsContexts& tls, KeptCount& kept);
// dns: one question over UDP, and over TCP where the reply is truncated or the check says so.
[[nodiscard]] std::unique_ptr<Probe> make_dns_probe(const Target& target);
// exec: runs the program; whether it may be run was judged before (Prober::launch). The attempt's target only tells
// the program what it is about; it may be unspecified.
[[nodiscard]] std::unique_ptr<Probe> make_exec_probe(const Target& target, Reaper& programs);

// By the check's kind, which is one that is probed.
[[nodiscard]] std::unique_ptr<Probe> make_probe(const Target& target, const ProbeTools& tools);

}  // namespace registry::checks
