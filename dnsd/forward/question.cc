#include "dnsd/forward/question.h"

#include "dnsd/wire/options.h"
#include "dnsd/wire/writer.h"

namespace dnsd::forward {

Question question_of(const wire::Query& query, std::span<const std::uint8_t> packet) {
  return {std::string(reinterpret_cast<const char*>(query.folded), query.name_size), query.type, query.dnssec_ok,
          checking_disabled(packet)};
}

std::vector<std::uint8_t> query_for(const Question& question, std::uint16_t id) {
  const std::size_t name = question.name.size();
  std::vector<std::uint8_t> out(wire::kHeader + name + 4 + wire::kOptFixed);
  std::uint8_t* at = out.data();
  wire::put16(at, id);
  at[2] = 0x01;  // RD
  at[3] = question.checking_disabled ? 0x10 : 0;
  wire::put16(at + 4, 1);
  wire::put16(at + 10, 1);
  at += wire::kHeader;
  std::memcpy(at, question.name.data(), name);
  wire::put16(at + name, question.type);
  wire::put16(at + name + 2, wire::klass::in);
  at += name + 4;
  wire::put16(at + 1, wire::type::opt);
  wire::put16(at + 3, kUpstreamUdpSize);
  at[7] = question.dnssec_ok ? 0x80 : 0;
  return out;
}

}  // namespace dnsd::forward
