// The directives of a zone file ($ORIGIN, $TTL, $INCLUDE, $GENERATE) and where each record came from.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "dnsd/answers/static_zone.h"
#include "dnsd/answers/zone_record.h"

namespace dnsd::answers {

class ZoneErrors {
 public:
  static constexpr std::size_t kMost = 20;
  void add(std::string line) {
    if (!full()) lines_.push_back(std::move(line));
  }
  [[nodiscard]] bool full() const { return lines_.size() >= kMost; }
  [[nodiscard]] bool empty() const { return lines_.empty(); }
  [[nodiscard]] std::vector<std::string> take() { return std::move(lines_); }

 private:
  std::vector<std::string> lines_;
};

class ZoneReader {
 public:
  static constexpr int kMaxDepth = 8;        // of $INCLUDE
  static constexpr int kMaxIncludes = 1000;  // in all: files that include each other twice would double at each level
  static constexpr std::uintmax_t kMaxFile = 1u << 30;

  ZoneReader(const ZoneFileOptions& options, Rdf apex, std::filesystem::path file, ZoneErrors& errors);

  void read(std::string_view text);
  [[nodiscard]] std::vector<StaticRecord>& records() { return records_; }
  [[nodiscard]] std::string file() const { return sources_.front().string(); }
  [[nodiscard]] std::string place(std::size_t record) const;  // "zones/corp.zone:12"
  void forget(const std::vector<bool>& unwanted);             // drops records; places stay right

  [[nodiscard]] static std::expected<std::string, std::string> read_file(const std::filesystem::path& file);

 private:
  void read_text(std::string_view text, std::uint32_t source, int depth);
  void directive(const ZoneEntry& entry, std::uint32_t source, int depth);
  void origin(const ZoneEntry& entry);
  void ttl(const ZoneEntry& entry);
  void include(const ZoneEntry& entry, int depth);
  void generated(const ZoneEntry& entry, std::uint32_t source);
  void record(const ZoneEntry& entry, std::uint32_t source);
  [[nodiscard]] std::expected<std::filesystem::path, std::string> inside_folder(std::string_view name) const;
  void complain(std::string message);

  const ZoneFileOptions& options_;
  ZoneErrors& errors_;
  std::string apex_;  // wire form
  ZoneContext context_;
  std::vector<std::filesystem::path> sources_;  // [0] = the zone file itself
  std::vector<StaticRecord> records_;
  std::vector<std::uint32_t> source_of_;  // beside records_
  std::uint32_t current_source_ = 0;      // of the entry in work, for messages
  int current_line_ = 0;
};

// What single records do not show: SOA, CNAME, TTLs, duplicates (RFC 2181 5).
void check_zone(ZoneReader& reader, std::string_view apex, const ZoneFileOptions& options, ZoneErrors& errors);

}  // namespace dnsd::answers
