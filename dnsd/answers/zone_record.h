// One entry of a zone file -> one record, through ldns.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "dnsd/answers/static_zone.h"
#include "dnsd/answers/zone_lexer.h"
//
#include "dnsd/answers/ldns.h"

namespace dnsd::answers {

// What the entries of a zone file inherit from those before them.
struct ZoneContext {
  Rdf origin;
  Rdf previous;  // the last owner, absolute; null = none yet
  std::uint32_t ttl = 0;
  bool ttl_stated = false;  // by $TTL: it stays although a record states its own (RFC 2308 4); else the last stated one
                            // is inherited (RFC 1035 5.1)
};

// "3600", "1h30m", "1W2D": seconds. Above 2^31-1 counts as 0 (RFC 2181 8).
[[nodiscard]] std::optional<std::uint32_t> parse_ttl(std::string_view text);

// A domain name relative to `origin` (may be null: absolute only). Null = not a name.
[[nodiscard]] Rdf parse_zone_name(std::string_view text, const ldns_rdf* origin);

[[nodiscard]] std::expected<StaticRecord, std::string> parse_zone_record(const ZoneEntry& entry, ZoneContext& context);

}  // namespace dnsd::answers
