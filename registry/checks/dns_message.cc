#include "registry/checks/dns_message.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "registry/checks/outcome.h"

namespace registry::checks {
namespace {

constexpr std::size_t kHeader = 12;       // RFC 1035 4.1.1
constexpr std::size_t kRecordFixed = 10;  // type, class, TTL, length of the data
constexpr int kUdpSize = 1232;            // what fits every path: DNS flag day 2020

struct Free {
  void operator()(void* octets) const { ares_free_string(octets); }
};

std::uint16_t number_at(std::string_view message, std::size_t at) {
  return static_cast<std::uint16_t>(static_cast<std::uint8_t>(message[at]) << 8U |
                                    static_cast<std::uint8_t>(message[at + 1]));
}

// Names are compared without case (RFC 4343); octets of a length are below any letter.
bool same_folded(std::string_view a, std::string_view b) {
  const auto fold = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, {}, fold, fold);
}

// The octets that a name takes at `at`, pointers included; nothing when it is malformed. c-ares knows the pointers.
std::optional<std::size_t> name_size(std::string_view message, std::size_t at) {
  const auto* octets = reinterpret_cast<const unsigned char*>(message.data());
  char* name = nullptr;
  long size = 0;
  if (at >= message.size() ||
      ares_expand_name(octets + at, octets, static_cast<int>(message.size()), &name, &size) != ARES_SUCCESS) {
    return std::nullopt;
  }
  const std::unique_ptr<char, Free> owned(name);
  return static_cast<std::size_t>(size);
}

struct Found {
  bool valid = false;     // the answer section could be read
  bool of_type = false;   // it holds a record of the type
  bool expected = false;  // with the expected address
};

Found look_for(const DnsProbe& def, std::string_view query, std::string_view reply) {
  Found found;
  // The question takes as much room as in the query, for it was echoed; its name holds no pointer.
  const auto question = name_size(query, kHeader);
  std::size_t at = kHeader + question.value_or(0) + 4;
  for (int left = number_at(reply, 6); left > 0; --left) {
    const auto owner = name_size(reply, at);
    if (!owner || at + *owner + kRecordFixed > reply.size()) return found;
    at += *owner;
    const std::uint16_t type = number_at(reply, at), length = number_at(reply, at + 8);
    at += kRecordFixed;
    if (at + length > reply.size()) return found;
    const std::string_view data = reply.substr(at, length);
    at += length;
    if (type != def.type) continue;
    found.of_type = true;
    const auto is = [&](const auto& octets) {
      return std::ranges::equal(data, octets, {}, [](char c) { return static_cast<std::uint8_t>(c); });
    };
    if (def.expect_address.v4) found.expected |= is(def.expect_address.v4->octets);
    if (def.expect_address.v6) found.expected |= is(def.expect_address.v6->octets);
  }
  found.valid = true;
  return found;
}

std::string rcode_name(unsigned rcode) {
  static constexpr std::string_view kNames[] = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"};
  return rcode < std::size(kNames) ? std::string(kNames[rcode]) : fmt::format("RCODE{}", rcode);
}

}  // namespace

std::expected<std::string, std::string> dns_query(const DnsProbe& def, std::uint16_t id) {
  unsigned char* octets = nullptr;
  int size = 0;
  const int status = ares_create_query(def.name.c_str(), C_IN, def.type, id, 1, &octets, &size, kUdpSize);
  const std::unique_ptr<unsigned char, Free> owned(octets);
  if (status != ARES_SUCCESS)
    return std::unexpected(fmt::format("the name cannot be asked: {}", ares_strerror(status)));
  return std::string(reinterpret_cast<const char*>(octets), static_cast<std::size_t>(size));
}

bool answers_query(std::string_view query, std::string_view reply) {
  const auto name = name_size(query, kHeader);
  if (!name || reply.size() < kHeader || number_at(query, 0) != number_at(reply, 0)) return false;
  const bool response = (static_cast<std::uint8_t>(reply[2]) & 0x80U) != 0;
  const std::size_t question = *name + 4;
  if (!response || number_at(reply, 4) != 1 || reply.size() < kHeader + question) return false;
  return same_folded(query.substr(kHeader, question), reply.substr(kHeader, question));
}

bool is_truncated(std::string_view reply) { return (static_cast<std::uint8_t>(reply[2]) & 0x02U) != 0; }

ProbeResult judge_dns(const DnsProbe& def, std::string_view query, std::string_view reply) {
  const unsigned rcode = static_cast<std::uint8_t>(reply[3]) & 0x0fU;
  const std::string name = rcode_name(rcode);
  if (rcode != def.expect_rcode) {
    return failed(Fault::status, fmt::format("{}, not {}", name, rcode_name(def.expect_rcode)));
  }
  if (rcode != 0) return passed(name);
  const Found found = look_for(def, query, reply);
  if (!found.valid) return failed(Fault::status, "not a valid DNS reply");
  if (!found.of_type) return failed(Fault::body, "NOERROR, without a record of the type");
  if (!def.expect_address.empty() && !found.expected) {
    return failed(Fault::body, "NOERROR, without the expected address");
  }
  return passed(name);
}

}  // namespace registry::checks
