// Messages of any size with compressed names, for transfers and replies off the DNS path.
//
// Names are compressed against everything before them that a pointer reaches, octet for octet: the spelling of a name
// is part of a zone's content.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "dnsd/wire/query.h"

namespace dnsd::wire {

enum class Section : std::uint8_t { question, answer, authority, additional };

class MessageWriter {
 public:
  static constexpr std::size_t kMaxOctets = 65'535;

  // `limit`: octets of the whole message without what the caller appends later (a TSIG).
  MessageWriter(std::uint16_t id, std::uint16_t flags, std::size_t limit = kMaxOctets);

  // Each is whole or not there. False: no room.
  bool put_question(std::string_view name, std::uint16_t type, std::uint16_t klass);
  bool put_record(Section section, std::string_view owner, std::uint16_t type, std::uint16_t klass, std::uint32_t ttl,
                  std::string_view rdata);

  void allow_more(std::size_t octets) { limit_ += octets; }  // what was kept free for the end
  [[nodiscard]] std::size_t size() const { return octets_.size(); }
  [[nodiscard]] std::vector<std::uint8_t> take() { return std::move(octets_); }

 private:
  void put_name(std::string_view name);
  void put16(std::uint16_t v);
  void put_rdata(std::uint16_t type, std::string_view rdata);
  [[nodiscard]] bool equals(std::size_t at, std::string_view name) const;
  [[nodiscard]] std::uint16_t* slot(std::uint64_t hash, std::string_view suffix);
  bool finish(std::size_t before, Section section);

  // Offsets of name suffixes in the message, by hash; 0 = free. A full neighbourhood only costs compression.
  static constexpr std::size_t kSlots = 4096;
  std::vector<std::uint8_t> octets_;
  std::size_t limit_;
  std::array<std::uint16_t, kSlots> slots_{};
};

}  // namespace dnsd::wire
