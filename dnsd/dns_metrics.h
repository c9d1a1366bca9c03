// The DNS side's part of /metrics: Prometheus text, names close to CoreDNS's so that boards carry over.
#pragma once

#include <string>
#include <vector>

#include "dnsd/answers/publisher.h"
#include "dnsd/forward/forwarder.h"
#include "dnsd/serve/server.h"
#include "registry/checks/runner.h"

namespace dnsd {

void append_dns_metrics(std::string& out, const serve::Server::Stats& dns, const answers::Publisher::Stats& table,
                        const registry::checks::Runner::Stats& probes);
void append_forward_metrics(std::string& out, const forward::Forwarder::Stats& stats,
                            const std::vector<std::string>& upstreams);

}  // namespace dnsd
