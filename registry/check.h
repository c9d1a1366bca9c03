// What a check asks, of what, and how often. Plain values of the definitions (registry/definition.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "registry/basics.h"
#include "registry/flat_map.h"

namespace registry {

// The numbers are part of what the store keeps (subject_of): new kinds are added at the end.
enum class CheckKind : std::uint8_t { http, https, tcp, heartbeat, grpc, dns, exec, alias };

// Asked by the probe thread. A heartbeat is told by clients, an alias follows from another service's state.
[[nodiscard]] constexpr bool is_probed(CheckKind kind) {
  return kind != CheckKind::heartbeat && kind != CheckKind::alias;
}

struct HttpProbe {
  std::string path = "/";
  std::optional<std::uint16_t> port{};  // default: the instance's port
  std::string method = "GET";
  FlatMap<std::string> headers;
  std::string host;                  // Host header (and SNI); empty = address:port
  std::vector<int> expect_status;    // empty = 2xx passes, 429 warns
  std::string expect_body;           // substring; empty = any
  FlatMap<std::string> expect_json;  // JSON pointer (RFC 6901) -> JSON text of the value that must stand there
  std::string tls_name;              // https: what the certificate is for, and SNI; empty = by `host`
  bool tls_skip_verify = false;      // https only
  bool operator==(const HttpProbe&) const = default;
};

struct TcpProbe {
  std::optional<std::uint16_t> port{};
  bool tls = false;
  bool operator==(const TcpProbe&) const = default;
};

struct GrpcProbe {      // grpc.health.v1.Health/Check
  std::string service;  // empty = the server as a whole
  std::optional<std::uint16_t> port{};
  std::string host;  // :authority (and SNI); empty = address:port
  bool tls = false;
  std::string tls_name;  // as HttpProbe's
  bool tls_skip_verify = false;
  bool operator==(const GrpcProbe&) const = default;
};

struct DnsProbe {  // one question to the instance, which is a name server
  std::string name;
  std::uint16_t type = 1;
  std::optional<std::uint16_t> port{};
  bool tcp = false;
  std::uint8_t expect_rcode = 0;  // NOERROR also wants a record of the type in the answer
  Addresses expect_address{};     // one of the answer's addresses, of the type's family
  bool operator==(const DnsProbe&) const = default;
};

enum class CheckState : std::uint8_t { unknown, passing, warning, critical };

// Bounds: interval 100 ms .. 1 h; timeout 10 ms .. interval, at most 60 s; rise, fall, ok 1 .. 100.
struct CheckDef {
  std::string name;  // unique in its instance; default = the kind's name; "lease" is the short form of a heartbeat
  CheckKind kind = CheckKind::tcp;
  HttpProbe http{};                 // kinds http, https
  TcpProbe tcp{};                   // kind tcp
  GrpcProbe grpc{};                 // kind grpc
  DnsProbe dns{};                   // kind dns
  std::vector<std::string> exec{};  // kind exec: the program's path and its arguments; no shell
  std::string alias{};              // kind alias: the service that is followed
  Millis lease{};                   // kind heartbeat: how long one lasts, 1 s .. 24 h; 0 = until the next one
  Millis interval{5000};            // start to start of two probes
  Millis timeout{2000};             // default min(2 s, interval)
  int rise = 2;                     // successes in a row that bring a critical check back
  int fall = 3;                     // failures (with memory) that make a passing check critical
  int ok = 2;                       // successes in a row that forget earlier failures
  Family family = Family::any;
  // What it is before its first result. `unknown` is the rule: a probe has not told yet, and the registration counts as
  // the first heartbeat.
  CheckState initial = CheckState::unknown;
  Millis deregister_after{};  // critical for so long, and the instance is deregistered; 0 = it is not
  bool operator==(const CheckDef&) const = default;
};

// The check's own port, if it names one.
[[nodiscard]] inline std::optional<std::uint16_t> own_port(const CheckDef& check) {
  switch (check.kind) {
    case CheckKind::http:
    case CheckKind::https:
      return check.http.port;
    case CheckKind::tcp:
      return check.tcp.port;
    case CheckKind::grpc:
      return check.grpc.port;
    case CheckKind::dns:
      return check.dns.port;
    default:
      return std::nullopt;
  }
}

// The port that the kind is known by; 0 = none. Asked where neither the check nor the instance names one.
[[nodiscard]] constexpr std::uint16_t usual_port(CheckKind kind) {
  switch (kind) {
    case CheckKind::http:
      return 80;
    case CheckKind::https:
      return 443;
    case CheckKind::dns:
      return 53;
    default:
      return 0;
  }
}

}  // namespace registry
