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

constexpr std::size_t kHeader = 12;  // RFC 1035 4.1.1
constexpr unsigned kNoError = 0, kNxdomain = 3;
constexpr std::size_t kRecordFixed = 10;   // type, class, TTL, length of the data
constexpr std::size_t kLongestName = 255;  // octets, the root's among them: RFC 1035 2.3.4
constexpr std::uint8_t kPointer = 0xc0;    // RFC 1035 4.1.4
constexpr int kUdpSize = 1232;             // what fits every path: DNS flag day 2020

struct Free {
  void operator()(void* octets) const { ares_free_string(octets); }
};

std::uint16_t number_at(std::string_view message, std::size_t at) {
  return static_cast<std::uint16_t>(static_cast<std::uint8_t>(message[at]) << 8U |
                                    static_cast<std::uint8_t>(message[at + 1]));
}

unsigned rcode_of(std::string_view message) { return static_cast<std::uint8_t>(message[3]) & 0x0fU; }

// Names are compared without case (RFC 4343); octets of a length are below any letter.
bool same_folded(std::string_view a, std::string_view b) {
  const auto fold = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, {}, fold, fold);
}

// Where the name at `at` ends; nothing when it is malformed. Names are only skipped, so a pointer ends one and is never
// followed: thousands of pointers to one long name would else cost that name's length each.
std::optional<std::size_t> end_of_name(std::string_view message, std::size_t at) {
  const std::size_t begin = at;
  while (at < message.size()) {
    const auto length = static_cast<std::uint8_t>(message[at]);
    if (length >= kPointer) {
      // To a prior name (RFC 1035 4.1.4), whose first octet no header holds.
      if (at + 2 > message.size()) return std::nullopt;
      const std::size_t target = number_at(message, at) & 0x3fffU;
      return target >= kHeader && target < begin ? std::optional(at + 2) : std::nullopt;
    }
    if (length > 63 || at + 1 + length - begin > kLongestName) return std::nullopt;  // RFC 1035 2.3.4
    at += 1U + length;
    if (length == 0) return at;
  }
  return std::nullopt;
}

struct Found {
  bool valid = false;     // the answer section could be read
  bool of_type = false;   // it holds a record of the type
  bool expected = false;  // with the expected address
};

Found look_for(const DnsProbe& def, std::string_view query, std::string_view reply) {
  Found found;
  // The question takes as much room as in the query, for it was echoed; its name holds no pointer.
  std::size_t at = end_of_name(query, kHeader).value_or(kHeader) + 4;
  // Each record takes at least 11 octets, so no reply makes this more than 5,957 turns.
  for (int left = number_at(reply, 6); left > 0; --left) {
    const auto owner = end_of_name(reply, at);
    if (!owner || *owner + kRecordFixed > reply.size()) return found;
    at = *owner;
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
  const auto name = end_of_name(query, kHeader);
  if (!name || reply.size() < kHeader || number_at(query, 0) != number_at(reply, 0)) return false;
  const bool response = (static_cast<std::uint8_t>(reply[2]) & 0x80U) != 0;
  if (!response) return false;
  const unsigned questions = number_at(reply, 4), rcode = rcode_of(reply);
  // A server that cannot read the question (FORMERR, NOTIMP) need not echo it; who says what the name holds must.
  if (questions == 0) return rcode != kNoError && rcode != kNxdomain;
  const std::size_t question = *name + 4 - kHeader;
  if (questions != 1 || reply.size() < kHeader + question) return false;
  return same_folded(query.substr(kHeader, question), reply.substr(kHeader, question));
}

bool is_truncated(std::string_view reply) { return (static_cast<std::uint8_t>(reply[2]) & 0x02U) != 0; }

ProbeResult judge_dns(const DnsProbe& def, std::string_view query, std::string_view reply) {
  const unsigned rcode = rcode_of(reply);
  const std::string name = rcode_name(rcode);
  if (rcode != def.expect_rcode) {
    return failed(Fault::status, fmt::format("{}, not {}", name, rcode_name(def.expect_rcode)));
  }
  if (rcode != kNoError) return passed(name);
  const Found found = look_for(def, query, reply);
  if (!found.valid) return failed(Fault::status, "not a valid DNS reply");
  if (!found.of_type) return failed(Fault::body, "NOERROR, without a record of the type");
  if (!def.expect_address.empty() && !found.expected) {
    return failed(Fault::body, "NOERROR, without the expected address");
  }
  return passed(name);
}

}  // namespace registry::checks
