// What a name server may send back to a check: flags and counts from the first octets, then everything after an echoed
// question; and the same octets as they are.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "registry/checks/dns_message.h"

namespace {

using namespace registry;
using namespace registry::checks;

void require(bool holds) {
  if (!holds) std::abort();
}

void judge(const DnsProbe& def, std::string_view query, std::string_view reply) {
  if (!answers_query(query, reply)) return;
  (void)is_truncated(reply);
  const ProbeResult result = judge_dns(def, query, reply);
  require(result.verdict == Verdict::ok || result.verdict == Verdict::failed);
  require(!result.output.empty());
  const unsigned rcode = static_cast<std::uint8_t>(reply[3]) & 0x0fU;
  if (result.verdict == Verdict::ok) require(rcode == def.expect_rcode);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const DnsProbe def{.name = "www.example.com", .expect_address = {.v4 = Ipv4{{10, 0, 0, 1}}, .v6 = {}}};
  static const std::string query = dns_query(def, 7).value();
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  judge(def, query, octets);
  if (size < 8) return 0;
  const std::size_t question = query.find('\0', 12) + 5;
  std::string reply = query.substr(0, question);
  reply.replace(2, 2, octets.substr(0, 2));
  reply.replace(6, 6, octets.substr(2, 6));
  reply[2] = static_cast<char>(reply[2] | '\x80');
  require(answers_query(query, reply));
  judge(def, query, reply + std::string(octets.substr(8)));
  return 0;
}
