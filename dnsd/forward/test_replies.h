// Replies of upstreams as the tests want them, octet by octet, and clients' queries.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dnsd/forward/question.h"
#include "dnsd/forward/said.h"
#include "dnsd/wire/writer.h"

namespace dnsd::forward::test {

using Octets = std::vector<std::uint8_t>;

inline std::string wire_name(std::string_view text) {  // "www.example.com"
  std::string out;
  while (!text.empty()) {
    const auto dot = std::min(text.find('.'), text.size());
    out += static_cast<char>(dot);
    out += text.substr(0, dot);
    text.remove_prefix(std::min(dot + 1, text.size()));
  }
  return out + '\0';
}

inline Question question(std::string_view name, std::uint16_t type = wire::type::a) {
  return {.name = wire_name(name), .type = type};
}

inline std::string number16(unsigned v) { return {static_cast<char>(v >> 8), static_cast<char>(v)}; }
inline std::string number32(std::uint32_t v) { return number16(v >> 16) + number16(v & 0xffff); }
inline std::string soa(std::uint32_t minimum) {
  return wire_name("ns") + wire_name("hostmaster") + number32(1) + number32(2) + number32(3) + number32(4) +
         number32(minimum);
}
inline const std::string kPointer("\xc0\x0c", 2);  // to the question's name

class Reply {
 public:
  explicit Reply(const Question& q, wire::Rcode rcode = wire::Rcode::noerror) : octets_(12) {
    octets_[2] = 0x81;
    octets_[3] = static_cast<std::uint8_t>(0x80 | static_cast<unsigned>(rcode));
    octets_[5] = 1;
    add(q.name + number16(q.type) + number16(wire::klass::in));
  }
  Reply& record(unsigned section, const std::string& owner, std::uint16_t type, std::uint32_t ttl,
                const std::string& rdata) {
    ++octets_[7 + 2 * section];
    add(owner + number16(type) + number16(wire::klass::in) + number32(ttl) +
        number16(static_cast<unsigned>(rdata.size())) + rdata);
    return *this;
  }
  Reply& answer(std::uint32_t ttl, const std::string& address = {"\x0a\0\0\1", 4}) {
    return record(0, kPointer, wire::type::a, ttl, address);
  }
  Reply& opt(const std::string& options = {}) {
    ++octets_[11];
    add(std::string(1, '\0') + number16(wire::type::opt) + number16(1232) + number32(0) +
        number16(static_cast<unsigned>(options.size())) + options);
    return *this;
  }
  [[nodiscard]] Octets octets() const { return octets_; }

 private:
  void add(const std::string& text) { octets_.insert(octets_.end(), text.begin(), text.end()); }
  Octets octets_;
};

inline SaidPtr said(const Question& q, const Reply& reply) {
  auto out = read_reply(reply.octets(), q, seconds(86'400));
  return out ? std::make_shared<Said>(*std::move(out)) : nullptr;
}

// A client's query, parsed.
struct Client {
  explicit Client(const std::string& name, std::uint16_t type = wire::type::a, int edns = -1, bool dnssec_ok = false) {
    const std::string head("\x12\x34\x01\x10\0\1\0\0\0\0\0\0", 12);  // RD and CD
    std::string text = head + name + number16(type) + number16(wire::klass::in);
    if (edns >= 0) {
      text[11] = 1;
      text += std::string(1, '\0') + number16(wire::type::opt) + number16(static_cast<unsigned>(edns)) +
              number32(dnssec_ok ? 0x8000 : 0) + number16(0);
    }
    packet.assign(text.begin(), text.end());
    parsed = wire::parse(packet, query);
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  Octets packet;
  wire::Query query;
  wire::Parsed parsed{};
};

}  // namespace dnsd::forward::test
