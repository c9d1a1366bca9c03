// What an upstream said, ready to be said again to whoever asks the same.
//
// The records are kept as they came: header and question of the reply have the sizes of those that it answered, so
// that compression pointers stay true. Immutable once made; any thread.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dnsd/forward/question.h"
#include "dnsd/wire/writer.h"

namespace dnsd::forward {

using std::chrono::seconds;

// RFC 2308 5: a negative answer is good for one to three hours at most.
inline constexpr seconds kMaxNegativeTtl{3 * 60 * 60};
// RFC 9520 3.2: a failure is remembered for a second at least; a client's next try should be a real one.
inline constexpr seconds kFailureTtl{1};

struct Said {
  struct Mark {
    std::uint16_t ttl_at, end;  // of a record, in `records`
  };
  std::vector<std::uint8_t> records;  // of the three sections, OPT and what came after it left out
  std::vector<Mark> marks;
  std::array<std::uint16_t, 3> counts{};  // answer, authority, additional
  wire::Rcode rcode = wire::Rcode::servfail;
  bool truncated = false;
  std::uint16_t ede = 0xffff;  // 0xffff = none
  std::string ede_text;
  seconds lifetime{0};  // how long it may be said again; 0 = to those who wait now

  [[nodiscard]] std::size_t octets() const;  // of memory
};
using SaidPtr = std::shared_ptr<const Said>;

// Nothing: malformed, or the reply to another question. `max_ttl` bounds the lifetime.
[[nodiscard]] std::optional<Said> read_reply(std::span<const std::uint8_t> octets, const Question& question,
                                             seconds max_ttl);
// Our own: no upstream helped.
[[nodiscard]] SaidPtr failure(std::uint16_t ede, std::string_view text = {});

// Whom a reply is for.
struct Recipient {
  const wire::Query& query;
  bool checking_disabled = false;
  std::size_t limit = 512;  // octets of the message
  wire::EdnsReply edns{};   // all but rcode and EDE
};
// Says it again, `age` later. What does not fit is left out: additional data, then the authority section of a positive
// answer, then whole records with TC. `buffer` holds at least 512 octets. The size of the message.
[[nodiscard]] std::size_t write_reply(const Said& said, seconds age, const Recipient& to,
                                      std::span<std::uint8_t> buffer);

}  // namespace dnsd::forward
