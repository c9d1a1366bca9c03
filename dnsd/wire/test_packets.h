// Builds queries octet by octet for tests, wrong ones included.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dnsd::wire::testing {

using Bytes = std::vector<std::uint8_t>;

inline void add16(Bytes& to, unsigned v) {
  to.push_back(static_cast<std::uint8_t>(v >> 8));
  to.push_back(static_cast<std::uint8_t>(v));
}
inline void add(Bytes& to, const Bytes& from) { to.insert(to.end(), from.begin(), from.end()); }

// "worker.corp" -> wire form with the root; "" or "." = the root. No escapes, no checks.
inline Bytes name(std::string_view text) {
  Bytes out;
  while (!text.empty() && text != ".") {
    const auto dot = text.find('.');
    const auto label = text.substr(0, dot);
    out.push_back(static_cast<std::uint8_t>(label.size()));
    out.insert(out.end(), label.begin(), label.end());
    text = dot == std::string_view::npos ? "" : text.substr(dot + 1);
  }
  out.push_back(0);
  return out;
}

inline Bytes option(unsigned code, const Bytes& data) {
  Bytes out;
  add16(out, code);
  add16(out, static_cast<unsigned>(data.size()));
  add(out, data);
  return out;
}

inline Bytes record(const Bytes& owner, unsigned type, unsigned klass, std::uint32_t ttl, const Bytes& rdata) {
  Bytes out = owner;
  add16(out, type);
  add16(out, klass);
  add16(out, ttl >> 16);
  add16(out, ttl & 0xffff);
  add16(out, static_cast<unsigned>(rdata.size()));
  add(out, rdata);
  return out;
}

inline Bytes opt(unsigned udp_size = 1232, const Bytes& options = {}, unsigned version = 0, bool dnssec_ok = false) {
  return record({0}, 41, udp_size, version << 16 | (dnssec_ok ? 0x8000u : 0u), options);
}

struct Packet {
  unsigned id = 0x1234;
  unsigned flags = 0x0100;  // RD
  std::vector<Bytes> questions = {}, answers = {}, authority = {}, additional = {};

  Packet& question(std::string_view text, unsigned type = 1, unsigned klass = 1) {
    auto q = name(text);
    add16(q, type);
    add16(q, klass);
    questions.push_back(std::move(q));
    return *this;
  }
  Packet& with(Bytes additional_record) {
    additional.push_back(std::move(additional_record));
    return *this;
  }
  [[nodiscard]] Bytes bytes() const {
    Bytes out;
    add16(out, id);
    add16(out, flags);
    for (const auto* section : {&questions, &answers, &authority, &additional})
      add16(out, static_cast<unsigned>(section->size()));
    for (const auto* section : {&questions, &answers, &authority, &additional})
      for (const auto& piece : *section) add(out, piece);
    return out;
  }
};

}  // namespace dnsd::wire::testing
