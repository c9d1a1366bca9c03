#include "registry/checks/probe.h"

namespace registry::checks {

std::unique_ptr<Probe> make_probe(const Target& target, const ProbeTools& tools) {
  switch (target.check().kind) {
    case CheckKind::http:
    case CheckKind::https:
      return make_http_probe(target, tools.tls, tools.kept);
    case CheckKind::grpc:
      return make_grpc_probe(target, tools.tls, tools.kept);
    case CheckKind::dns:
      return make_dns_probe(target);
    case CheckKind::exec:
      return make_exec_probe(target, tools.programs);
    case CheckKind::tcp:
    case CheckKind::heartbeat:
    case CheckKind::alias:
      break;
  }
  return make_tcp_probe(target, tools.tls);
}

}  // namespace registry::checks
