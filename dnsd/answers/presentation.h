// Wire form <-> presentation form, through ldns: for people, tools and tests. Never on the DNS path.
//
// Thread-safe: no state.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dnsd::answers {

struct ShownRecord {
  std::string name;  // "worker.corp.", spelled as on the wire
  std::string type;  // "A", "TYPE65280"
  std::uint32_t ttl = 0;
  std::string data;  // as in a zone file
  auto operator<=>(const ShownRecord&) const = default;
};

struct ShownQuestion {
  std::string name, type, klass;
};

struct ShownOption {
  std::uint16_t code = 0;
  std::string data;
};

struct ShownEdns {
  std::uint8_t version = 0;
  bool dnssec_ok = false;
  std::uint16_t udp_size = 0;
  std::vector<ShownOption> options;
};

struct ShownError {  // RFC 8914
  std::uint16_t code = 0;
  std::string text;
};

struct ShownMessage {
  std::uint16_t id = 0;
  std::string opcode, rcode;  // "QUERY", "NOERROR", "BADVERS"; the extended rcode, RFC 6891 6.1.3
  std::uint16_t rcode_number = 0;
  bool qr = false, aa = false, tc = false, rd = false, ra = false, ad = false, cd = false;
  std::vector<ShownQuestion> questions;
  std::vector<ShownRecord> answer, authority, additional;  // OPT is told by `edns`
  std::optional<ShownEdns> edns;
  std::vector<ShownError> errors;  // of `edns`

  [[nodiscard]] std::vector<std::string> flags() const;  // "qr", "aa", ... as dig prints them
};

// The error names what ldns did not accept: the message is malformed.
[[nodiscard]] std::expected<ShownMessage, std::string> show(std::span<const std::uint8_t> message);

// "worker.corp" or "worker.corp." -> wire form, spelling kept; escapes as in zone files. Names are absolute. Unset when
// it is no name: an empty or long label, over 255 octets, a bad escape.
[[nodiscard]] std::optional<std::string> name_to_wire(std::string_view text);
// With the trailing dot. Unset when `wire` is not exactly one uncompressed name.
[[nodiscard]] std::optional<std::string> name_to_text(std::string_view wire);

[[nodiscard]] std::optional<std::uint16_t> type_from_text(std::string_view text);   // any case; "TYPE123" too
[[nodiscard]] std::optional<std::uint16_t> class_from_text(std::string_view text);  // any case; "CLASS1" too
[[nodiscard]] std::string type_to_text(std::uint16_t type);
[[nodiscard]] std::string rcode_to_text(std::uint16_t rcode);

// True when `wire` is exactly one uncompressed name: labels of at most 63 octets, 255 in all.
[[nodiscard]] bool is_wire_name(std::string_view wire);
// True when `name` is `apex` or below it; both in wire form, compared without case.
[[nodiscard]] bool is_at_or_below(std::string_view name, std::string_view apex);
[[nodiscard]] std::string fold_wire(std::string_view wire);  // ASCII lower case; length octets are below 'A'

}  // namespace dnsd::answers
