// The DNS side's part of /metrics: Prometheus text, names close to CoreDNS's so that boards carry over.
#pragma once

#include <string>

#include "dnsd/answers/publisher.h"
#include "dnsd/serve/server.h"
#include "registry/checks/runner.h"

namespace dnsd {

void append_dns_metrics(std::string& out, const serve::Server::Stats& dns, const answers::Publisher::Stats& table,
                        const registry::checks::Runner::Stats& probes);

}  // namespace dnsd
