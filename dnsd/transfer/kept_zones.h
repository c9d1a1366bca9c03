// Zones that were transferred to us, kept over a restart: a secondary answers at once, also while its primaries are
// away (RFC 1034 4.3.5: until the zone expires).
//
// One file per zone in the data folder: a magic word, the hash of what follows, the messages of an AXFR. Its time of
// modification is when a primary last said that it is current. It is replaced by renaming and not synced: what a crash
// of the machine breaks fails its hash, and is fetched anew.
//
// Owner: the control thread. A zone of 100,000 records takes it some 10 ms to write.
#pragma once

#include <chrono>
#include <expected>
#include <filesystem>
#include <optional>
#include <string>

#include "dnsd/transfer/incoming_zone.h"

namespace dnsd::transfer {

class KeptZones {
 public:
  static constexpr std::size_t kMaxZoneFile = 2ULL << 30;

  // Unset: nothing is kept.
  explicit KeptZones(std::optional<std::filesystem::path> folder) : folder_(std::move(folder)) {}

  struct Kept {
    ZoneCopy copy;
    std::chrono::system_clock::time_point checked;
  };
  // Nothing where there is no file, or one that is not whole.
  [[nodiscard]] std::optional<Kept> load(const std::string& apex) const;
  // The error is a sentence for the log; the file of before stays.
  std::expected<void, std::string> save(const std::string& apex, const ZoneCopy& copy,
                                        std::chrono::system_clock::time_point checked) const;
  void touch(const std::string& apex, std::chrono::system_clock::time_point checked) const;

 private:
  [[nodiscard]] std::filesystem::path file_of(const std::string& apex) const;
  std::optional<std::filesystem::path> folder_;
};

}  // namespace dnsd::transfer
