// Whole messages, as zone maintenance needs them: every record of every section, names decompressed. Off the DNS path:
// it allocates. Thread-safe: no state.
//
// Bounds: a message has 65,535 octets, so at most 5,957 records, and names of 255 octets each.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dnsd::wire {

struct Record {
  std::string owner;  // uncompressed wire form, spelled as received
  std::uint16_t type = 0;
  std::uint16_t klass = 0;
  std::uint32_t ttl = 0;
  std::string rdata;  // names in it uncompressed (RFC 3597 4: of the types that may have compressed ones)
  bool operator==(const Record&) const = default;
};

struct Question {
  std::string name;
  std::uint16_t type = 0;
  std::uint16_t klass = 0;
};

struct Message {
  std::uint16_t id = 0;
  std::uint16_t flags = 0;  // the second pair of octets
  std::vector<Question> questions;
  std::array<std::vector<Record>, 3> sections;  // answer, authority, additional; in an update other names (RFC 2136 2)
  std::size_t last_at = 0;                      // where the last record starts: that of a TSIG

  [[nodiscard]] bool is_reply() const { return (flags & 0x8000) != 0; }
  [[nodiscard]] std::uint8_t opcode() const { return flags >> 11 & 15; }
  [[nodiscard]] bool aa() const { return (flags & 0x0400) != 0; }
  [[nodiscard]] bool tc() const { return (flags & 0x0200) != 0; }
  [[nodiscard]] std::uint8_t rcode() const { return flags & 15; }
  [[nodiscard]] const std::vector<Record>& answer() const { return sections[0]; }
  [[nodiscard]] const std::vector<Record>& authority() const { return sections[1]; }
  [[nodiscard]] const std::vector<Record>& additional() const { return sections[2]; }
};

// Nothing when the message is malformed: a count too many, a pointer that does not lead backwards, a name over 255
// octets, octets after the last record, rdata whose names end beyond it.
[[nodiscard]] std::optional<Message> read_message(std::span<const std::uint8_t> octets);

// The sizes of what stands before the names of a type's rdata, how many names there are, and whether a writer may
// compress them (RFC 3597 4: only those of RFC 1035).
struct NamesInRdata {
  std::uint8_t before = 0;
  std::uint8_t count = 0;
  bool may_compress = false;
};
[[nodiscard]] NamesInRdata names_in(std::uint16_t type);

[[nodiscard]] std::string fold(std::string_view wire);  // ASCII lower case; of names alone
// Rdata for comparing: its names in lower case (RFC 2136 1.1.1), numbers and strings as they are.
[[nodiscard]] std::string fold_names(std::uint16_t type, std::string_view rdata);

// The serial of an SOA's rdata, uncompressed; 0 when it is too short to be one.
[[nodiscard]] std::uint32_t soa_serial(std::string_view rdata);
// RFC 1982: `a` is newer than `b`.
[[nodiscard]] inline bool is_newer(std::uint32_t a, std::uint32_t b) { return static_cast<std::int32_t>(a - b) > 0; }

}  // namespace dnsd::wire
