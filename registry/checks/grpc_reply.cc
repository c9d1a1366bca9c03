#include "registry/checks/grpc_reply.h"

#include <fmt/format.h>

#include "registry/checks/outcome.h"

namespace registry::checks {
namespace {

constexpr std::size_t kPrefix = 5;  // a flag, four octets of length

// Protocol buffers, as far as a message with one number needs it (Encoding, "Message Structure").
class Fields {
 public:
  explicit Fields(std::string_view octets) : rest_(octets) {}
  [[nodiscard]] bool done() const { return rest_.empty(); }

  std::optional<std::uint64_t> varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 70 && !rest_.empty(); shift += 7) {  // at most ten octets
      const auto octet = static_cast<std::uint8_t>(rest_.front());
      rest_.remove_prefix(1);
      if (shift < 64) value |= static_cast<std::uint64_t>(octet & 0x7fU) << shift;
      if (octet < 0x80) return value;
    }
    return std::nullopt;
  }
  bool skip(unsigned wire_type) {
    switch (wire_type) {
      case 0:
        return varint().has_value();
      case 1:
        return drop(8);
      case 2: {
        const auto length = varint();
        return length && drop(*length);
      }
      case 5:
        return drop(4);
      default:
        return false;  // groups were never used here
    }
  }

 private:
  bool drop(std::uint64_t count) {
    if (count > rest_.size()) return false;
    rest_.remove_prefix(count);
    return true;
  }
  std::string_view rest_;
};

std::string_view name_of(int grpc_status) {
  static constexpr std::string_view kNames[] = {
      "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
      "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
      "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
      "DATA_LOSS", "UNAUTHENTICATED"};
  const auto index = static_cast<std::size_t>(grpc_status);
  return index < std::size(kNames) ? kNames[index] : "an unknown status";
}

}  // namespace

std::string health_request(std::string_view service) {
  std::string message;
  if (!service.empty()) {
    message += '\x0a';  // field 1, length-delimited
    for (std::size_t left = service.size();; left >>= 7U) {
      message += static_cast<char>((left & 0x7fU) | (left > 0x7f ? 0x80U : 0U));
      if (left <= 0x7f) break;
    }
    message += service;
  }
  std::string out(1, '\0');  // not compressed
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>((message.size() >> shift) & 0xffU);
  return out + message;
}

std::optional<std::uint64_t> health_status(std::string_view body) {
  if (body.size() < kPrefix || body[0] != '\0') return std::nullopt;
  std::size_t length = 0;
  for (std::size_t i = 1; i < kPrefix; ++i) length = length << 8U | static_cast<std::uint8_t>(body[i]);
  if (length > body.size() - kPrefix) return std::nullopt;
  Fields fields(body.substr(kPrefix, length));
  std::uint64_t status = 0;  // absent = its default
  while (!fields.done()) {
    const auto key = fields.varint();
    if (!key || *key >> 3U == 0) return std::nullopt;
    if (*key == (1U << 3U | 0U)) {
      const auto value = fields.varint();
      if (!value) return std::nullopt;
      status = *value;  // the last one counts
    } else if (!fields.skip(static_cast<unsigned>(*key & 7U))) {
      return std::nullopt;
    }
  }
  return status;
}

ProbeResult judge_grpc(const GrpcReply& reply) {
  if (reply.http_status != "200") return failed(Fault::status, fmt::format("HTTP {}, not gRPC", reply.http_status));
  if (!reply.grpc_status) return failed(Fault::status, "the reply has no grpc-status");
  if (*reply.grpc_status == 5) return failed(Fault::status, "NOT_FOUND: the server does not know this service");
  if (*reply.grpc_status == 12) return failed(Fault::status, "UNIMPLEMENTED: the server has no grpc.health.v1.Health");
  if (*reply.grpc_status != 0) return failed(Fault::status, std::string(name_of(*reply.grpc_status)));
  const auto status = health_status(reply.body);
  if (!status) return failed(Fault::status, "not a valid HealthCheckResponse");
  switch (*status) {
    case 1:
      return passed("SERVING");
    case 2:
      return failed(Fault::status, "NOT_SERVING");
    case 3:
      return failed(Fault::status, "SERVICE_UNKNOWN");
    default:
      return failed(Fault::status, "UNKNOWN");
  }
}

}  // namespace registry::checks
