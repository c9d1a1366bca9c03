// Query -> bytes: a bounds-checked writer over a caller's buffer. No allocation, no exceptions.
//
// One check per piece: a piece that does not fit is not written and the call says so; what was written stays valid.
// The room for the OPT record is taken off the limit at the start, so that it always fits (RFC 6891 7).
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "dnsd/wire/query.h"

namespace dnsd::wire {

static_assert(std::endian::native == std::endian::little);

inline void put16(std::uint8_t* at, std::uint16_t v) noexcept {
  v = std::byteswap(v);
  std::memcpy(at, &v, 2);
}
inline void put32(std::uint8_t* at, std::uint32_t v) noexcept {
  v = std::byteswap(v);
  std::memcpy(at, &v, 4);
}
inline std::uint16_t get16(const std::uint8_t* at) noexcept {
  std::uint16_t v;
  std::memcpy(&v, at, 2);
  return std::byteswap(v);
}
inline std::uint32_t get32(const std::uint8_t* at) noexcept {
  std::uint32_t v;
  std::memcpy(&v, at, 4);
  return std::byteswap(v);
}

class Writer {
 public:
  // `buffer` is the whole room; `limit` the size that the client accepts (<= buffer.size()).
  Writer(std::span<std::uint8_t> buffer, std::size_t limit) noexcept
      : data_(buffer.data()), capacity_(limit < buffer.size() ? limit : buffer.size()), limit_(capacity_) {}

  [[nodiscard]] std::uint8_t* data() noexcept { return data_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::size_t room() const noexcept { return size_ < limit_ ? limit_ - size_ : 0; }
  void reserve_tail(std::size_t octets) noexcept { limit_ -= octets < limit_ ? octets : limit_; }
  void release_tail(std::size_t octets) noexcept {
    limit_ += octets < capacity_ - limit_ ? octets : capacity_ - limit_;
  }
  void rewind(std::size_t size) noexcept { size_ = size; }  // to an earlier size()

  [[nodiscard]] std::uint8_t* take(std::size_t octets) noexcept {  // null when it does not fit
    if (octets > room()) return nullptr;
    auto* at = data_ + size_;
    size_ += octets;
    return at;
  }
  [[nodiscard]] bool put(const void* bytes, std::size_t octets) noexcept {
    auto* at = take(octets);
    if (at && octets != 0) std::memcpy(at, bytes, octets);  // `bytes` may be null when there are none
    return at != nullptr;
  }

 private:
  std::uint8_t* data_;
  std::size_t capacity_;  // what the client accepts
  std::size_t limit_;     // less the reserved tail
  std::size_t size_ = 0;
};

// Header flags of a reply, RFC 1035 4.1.1. AD is never set, Z never echoed.
struct Flags {
  Rcode rcode = Rcode::noerror;
  bool aa = false;
  bool tc = false;
  bool ra = false;
  bool cd = false;  // copied where a query was forwarded (RFC 4035 3.2.2), never by an authority (3.1.6)
};
struct Counts {
  std::uint16_t answer = 0, authority = 0, additional = 0;
};
// Fills the 12 octets at the start of the message. `rcode`'s upper bits go to OPT. QDCOUNT follows query.question_size.
void put_header(std::uint8_t* at, const Query& query, Flags flags, Counts counts) noexcept;

// Longer texts are cut. With these bounds the largest OPT fits beside any question into 512 octets:
// 12 + 259 + 11 (OPT) + 4+24 (cookie) + 4+2 (keepalive) + 4+20 (ECS) + 4+2+64 (EDE) + 4+96 (NSID) = 510.
inline constexpr std::size_t kMaxNsid = 96;
inline constexpr std::size_t kMaxEdeText = 64;

// The options of a reply's OPT record; only what the query asked for is written (and EDE only with EDNS).
struct EdnsReply {
  std::uint16_t udp_size = 1232;  // ours, not the client's
  Rcode rcode = Rcode::noerror;
  bool dnssec_ok = false;
  std::uint16_t ede = 0xffff;            // 0xffff = none
  std::string_view ede_text;             // short, static storage
  const std::uint8_t* cookie = nullptr;  // 24 octets: client cookie, then server cookie; null = none
  std::string_view nsid;
  int keepalive = -1;  // units of 100 ms; -1 = none
  bool ecs = false;    // scope below, source as received
  std::uint8_t ecs_scope = 0;
};
[[nodiscard]] std::size_t opt_size(const Query& query, const EdnsReply& reply) noexcept;  // 0 without EDNS
// Writes OPT (the room was reserved with reserve_tail(opt_size()) and released). No-op without EDNS.
bool put_opt(Writer& writer, const Query& query, const EdnsReply& reply) noexcept;

}  // namespace dnsd::wire
