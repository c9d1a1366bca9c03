// Static records: what a zone file (RFC 1035 master file) says, read through ldns record by record.
//
// Start-up and reload only, control thread (or a helper thread of the daemon). The result is plain data; putting it
// into the name table is the publisher's work.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <string>
#include <vector>

namespace dnsd::answers {

struct StaticRecord {
  std::string owner;  // wire form, spelled as in the file
  std::uint16_t type = 0;
  std::uint32_t ttl = 0;
  std::string rdata;  // uncompressed wire form (RFC 3597 6: canonical, names not folded)
  int line = 0;       // in the file, for messages
};

// A zone of which we are a secondary may have no content: its names are SERVFAIL then.
enum class Availability : std::uint8_t { served, not_loaded, expired };

struct StaticZone {
  std::string apex;  // wire form, folded
  std::filesystem::path file;
  std::vector<StaticRecord> records;  // in the order of the file; the SOA, if any, is among them
  std::uint32_t serial = 0;           // of the SOA; 0 = the file has none (allowed for a namespace's file)
  Availability availability = Availability::served;
};

// `apex` in wire form, folded. With an SOA of its own, since every zone has one.
[[nodiscard]] StaticZone unavailable_zone(const std::string& apex, Availability why);

struct ZoneFileOptions {
  std::string apex;             // presentation form; the initial $ORIGIN
  bool namespace_file = false;  // records beside a namespace: SOA optional, DNSSEC types refused (DESIGN section 3)
  std::uint32_t default_ttl = 5;
  std::size_t max_records = 10'000'000;
};

// Errors are whole lines for the operator, all at once (at most 20): "zones/corp.zone:12: ...".
// Checked: syntax; owners below the apex; one SOA at the apex; one CNAME per owner and nothing beside it; equal TTLs in
// an RRset (RFC 2181 5.2: the smallest wins, no error); $INCLUDE and $GENERATE by an own line reader (ldns has
// neither): depth 8, inside the zone file's folder, at most 65,536 generated records per line.
[[nodiscard]] std::expected<StaticZone, std::vector<std::string>> load_zone_file(const std::filesystem::path& file,
                                                                                 const ZoneFileOptions& options);
[[nodiscard]] std::expected<StaticZone, std::vector<std::string>> parse_zone_text(std::string_view text,
                                                                                  const std::filesystem::path& shown_as,
                                                                                  const ZoneFileOptions& options);

}  // namespace dnsd::answers
