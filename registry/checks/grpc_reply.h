// What a server's health service said (grpc.health.v1), from the parts of its reply to a verdict. Pure; fuzzed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "registry/health.h"

namespace registry::checks {

struct GrpcReply {
  std::string http_status;           // ":status"
  std::optional<int> grpc_status{};  // of the trailers, or of a reply of trailers alone
  std::string body;                  // length-prefixed messages
};

[[nodiscard]] ProbeResult judge_grpc(const GrpcReply& reply);

// Length-prefixed (gRPC over HTTP/2, "Requests"): a HealthCheckRequest for this service.
[[nodiscard]] std::string health_request(std::string_view service);

// `status` of the first message of a body: HealthCheckResponse of grpc.health.v1. Nothing when it is malformed,
// compressed or cut off.
[[nodiscard]] std::optional<std::uint64_t> health_status(std::string_view body);

}  // namespace registry::checks
