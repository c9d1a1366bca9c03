// The small change of messages between servers: questions and replies as octets. Thread-safe: no state.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dnsd/tsig/tsig.h"
#include "dnsd/wire/message.h"
#include "dnsd/wire/message_writer.h"
#include "dnsd/wire/query.h"

namespace dnsd::transfer {

using tsig::Octets;

inline constexpr std::uint8_t kQuery = 0, kNotify = 4, kUpdate = 5;  // opcodes

struct ReplyParts {
  wire::Rcode rcode = wire::Rcode::noerror;
  bool aa = false;
  std::optional<std::uint16_t> ede = {};  // with EDNS only
  std::string_view ede_text = {};
  std::string options = {};  // further EDNS options, encoded
};

// Flags of a reply to `request`: its opcode and RD, QR.
[[nodiscard]] std::uint16_t reply_flags(const wire::Message& request, wire::Rcode rcode, bool aa);
// A reply without records: header, the first question, OPT where the request has one.
[[nodiscard]] Octets reply_to(const wire::Message& request, const ReplyParts& parts);
// When not even the message could be read: a header.
[[nodiscard]] Octets formerr(std::span<const std::uint8_t> octets);
// The OPT record's part of a reply of our own making; false when the request has no OPT.
[[nodiscard]] bool has_edns(const wire::Message& request);
void put_opt(wire::MessageWriter& writer, const wire::Message& request, const ReplyParts& parts);

[[nodiscard]] std::uint16_t random_id();
[[nodiscard]] std::uint64_t seconds_now();  // of the wall clock, as signatures count

}  // namespace dnsd::transfer
