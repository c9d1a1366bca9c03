// A zone as a worker sees it: its apex, its SOA, how long denials last.
//
// A `Zone` lives as long as its generation of the table; its view is replaced when the definition changes, its serial
// with every change of the transfer content (one relaxed store, no new view).
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dnsd/answers/denial.h"
#include "dnsd/answers/records.h"

#include "dnsd/answers/static_zone.h"

namespace dnsd::answers {

enum class ZoneKind : std::uint8_t { name_space, alone, reverse };

struct ZoneView {                   // immutable
  std::uint32_t negative_ttl = 60;  // SOA MINIMUM bound by the SOA's TTL: the longest denial
  std::uint32_t soa_ttl = 1;        // of the SOA itself, at the apex
  std::uint16_t soa_size = 0;
  std::uint8_t apex_size = 0;
  std::array<std::uint8_t, 255> apex{};          // as spelled in the configuration
  std::array<std::uint8_t, 2 * 255 + 20> soa{};  // rdata; the serial stands 20 octets before its end
  // Consul's layout: what the targets in answers end with, addr.<datacenter>.<apex>, and the TTL of such a name.
  std::uint8_t addr_size = 0;  // 0 = another layout
  std::array<std::uint8_t, 255> addr{};
  std::uint32_t addr_ttl = 0;

  [[nodiscard]] std::size_t serial_at() const noexcept { return soa_size - 20U; }
};

// What a zone says of a name that is the apex of another of ours: DS and what proves that there is none.
struct ParentSide {
  std::string name;  // wire, folded
  RecordBlockPtr records;
};

struct Zone {
  ZoneKind kind = ZoneKind::name_space;
  Availability availability = Availability::served;
  bool consul = false;              // its names are Consul's
  bool on_demand = false;           // Kubernetes' layout: namespaces come to be below svc.<apex>
  std::uint8_t labels = 0;          // of the apex
  std::uint8_t reverse_labels = 0;  // kind reverse: labels of a full reverse name, 6 or 34
  std::atomic<const ZoneView*> view{nullptr};
  std::atomic<std::uint32_t> serial{1};
  std::string apex;  // wire, folded; control thread
  // Set before the zone is in the table, constant from then on.
  std::unique_ptr<const Denial> denial;  // null: not signed
  std::vector<ParentSide> inside;        // by name
  // The record block of the name, in wire form and folded; null = none.
  [[nodiscard]] const RecordBlock* parent_side(std::span<const std::uint8_t> name) const noexcept;

  Zone() = default;
  Zone(const Zone&) = delete;
  Zone& operator=(const Zone&) = delete;
  ~Zone() { delete view.load(std::memory_order_relaxed); }
};

}  // namespace dnsd::answers
