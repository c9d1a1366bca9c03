// Zone files of any content: read or refused with lines for the operator, and what is read is sound.
#include <cstdlib>

#include "dnsd/answers/presentation.h"
#include "dnsd/answers/static_zone.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dnsd::answers;
  if (size < 1) return 0;
  const ZoneFileOptions options{.apex = "corp", .namespace_file = (data[0] & 1) != 0, .max_records = 2000};
  // A folder that does not exist: $INCLUDE reads nothing.
  const auto zone = parse_zone_text({reinterpret_cast<const char*>(data) + 1, size - 1}, "no-such-folder/z", options);
  if (!zone) {
    require(!zone.error().empty() && zone.error().size() <= 20);
    for (const auto& line : zone.error()) require(line.starts_with("no-such-folder/z:"));
    return 0;
  }
  require(zone->records.size() <= options.max_records);
  for (const auto& record : zone->records) {
    require(is_wire_name(record.owner) && is_at_or_below(record.owner, zone->apex));
    require(record.ttl <= 0x7fffffff && record.rdata.size() <= 0xffff && record.line > 0);
    require(record.type != 0 && record.type != 41 && (record.type < 128 || record.type > 255));
  }
  return 0;
}
