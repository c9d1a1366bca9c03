#include <fmt/format.h>

#include <algorithm>

#include "dnsd/answers/presentation.h"
#include "dnsd/answers/static_zone.h"
#include "dnsd/answers/zone_reader.h"
#include "dnsd/wire/query.h"
#include "dnsd/wire/writer.h"

namespace dnsd::answers {
namespace {

std::uint32_t serial_of(const std::vector<StaticRecord>& records) {
  constexpr std::size_t numbers = 20;  // SERIAL to MINIMUM, RFC 1035 3.3.13
  const auto soa = std::ranges::find(records, wire::type::soa, &StaticRecord::type);
  if (soa == records.end() || soa->rdata.size() < numbers) return 0;
  return wire::get32(reinterpret_cast<const std::uint8_t*>(soa->rdata.data()) + soa->rdata.size() - numbers);
}

}  // namespace

StaticZone unavailable_zone(const std::string& apex, Availability why) {
  StaticZone zone;
  zone.apex = apex;
  zone.availability = why;
  zone.records.push_back({apex, wire::type::soa, 0, apex + apex + std::string(20, '\0'), 0});
  return zone;
}

std::expected<StaticZone, std::vector<std::string>> parse_zone_text(std::string_view text,
                                                                    const std::filesystem::path& shown_as,
                                                                    const ZoneFileOptions& options) {
  const auto shown = shown_as.string();
  auto apex = parse_zone_name(options.apex, nullptr);
  if (!apex) return std::unexpected(std::vector{fmt::format("{}: \"{}\" is no domain name", shown, options.apex)});
  StaticZone zone;
  zone.apex = fold_wire({reinterpret_cast<const char*>(ldns_rdf_data(apex.get())), ldns_rdf_size(apex.get())});
  zone.file = shown_as;
  ZoneErrors errors;
  ZoneReader reader(options, std::move(apex), shown_as, errors);
  reader.read(text);
  if (errors.empty()) check_zone(reader, zone.apex, options, errors);
  if (!errors.empty()) return std::unexpected(errors.take());
  zone.records = std::move(reader.records());
  zone.serial = serial_of(zone.records);
  return zone;
}

std::expected<StaticZone, std::vector<std::string>> load_zone_file(const std::filesystem::path& file,
                                                                   const ZoneFileOptions& options) {
  const auto text = ZoneReader::read_file(file);
  if (!text) return std::unexpected(std::vector{fmt::format("{}: {}", file.string(), text.error())});
  return parse_zone_text(*text, file, options);
}

}  // namespace dnsd::answers
