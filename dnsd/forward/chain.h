// An alias of ours whose chain leaves our zones: our part of the chain, then what an upstream says about its end.
//
// A stub resolver follows nothing: it wants the addresses in the reply (RFC 1034 5.3.1).
#pragma once

#include <optional>

#include "dnsd/forward/said.h"
#include "dnsd/wire/message.h"

namespace dnsd::forward {

// Where the chain of aliases of our reply ends, as the question for an upstream; nothing when it holds none.
[[nodiscard]] std::optional<Question> end_of_chain(const wire::Message& ours, const Question& asked);

// Our records, then theirs, each so much older than they say, as one reply. What does not fit is left out with TC.
[[nodiscard]] std::vector<std::uint8_t> write_chain(const wire::Message& ours, seconds ours_age, const Question& end,
                                                    const Said& said, seconds age, const Recipient& to);

}  // namespace dnsd::forward
