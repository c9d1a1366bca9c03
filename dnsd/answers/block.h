// All that DNS answers about one service, at one revision: one immutable allocation, read by workers.
//
// Layout: header, entries, then arrays at offsets from the start of the block, then text. Entries that new answers may
// hold ("listed") come first, the other registered ones follow, both ordered by (priority, label). Sizes: 20 octets an
// entry, 2 for the label index, the label itself, 16 for an IPv6 address, 4 per named port and 8 per one with ALPN, 4
// for the alias table where weights differ, 4 for duplicate groups where addresses repeat; 2 per tag and zone of an
// instance, or an eighth per instance of the service where a tag is common; 2,048 a ranked place of a sticky service
// (twice where families differ) and 8 an instance of it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <span>

#include "registry/basics.h"

namespace dnsd::answers {

struct Entry {
  static constexpr std::uint16_t kV4 = 1, kV6 = 2;              // has an address
  static constexpr std::uint16_t kAnswerV4 = 4, kAnswerV6 = 8;  // listed, and the address may be answered
  static constexpr std::uint16_t kTcp = 16, kUdp = 32;          // protocols of the default port; none = no such port
  static constexpr std::uint16_t kHost = 64;                    // a host name: the SRV target
  static constexpr std::uint16_t kEnds = 128;                   // direct records end at a tick (drain, host's TTL)
  static constexpr std::uint16_t kMeta = 256;                   // has TXT records
  static constexpr std::uint16_t kLastResort = 512;             // may be answered where nothing is available
  static constexpr std::uint16_t kDraining = 1024;
  static constexpr std::uint16_t kAvailable = 2048;  // in the registry's eyes; others are listed where too few are

  static constexpr std::uint8_t kFullShare = 32;

  std::uint8_t v4[4];
  std::uint32_t text;  // offset in the block: see InstanceText
  std::uint16_t port;
  std::uint16_t priority;
  std::uint16_t weight;  // of its state; while it starts slowly it gets a share of it
  std::uint16_t v6;      // index of the IPv6 address
  std::uint16_t flags;
  std::uint8_t reason;  // registry::Reason, for explain
  std::uint8_t share;   // of its weight, in 32nds

  [[nodiscard]] bool has(std::uint16_t flag) const noexcept { return (flags & flag) != 0; }
  // Counts for the threshold of its tier: with an address, and available or answerable as a last resort. Before its
  // tier opens, which makes the others answerable.
  [[nodiscard]] bool is_member() const noexcept {
    return has(kAnswerV4 | kAnswerV6) || (has(kLastResort) && has(kV4 | kV6));
  }
  // As SRV says it: whole, and 0 only where the weight itself is 0.
  [[nodiscard]] std::uint16_t effective_weight() const noexcept {
    if (share == kFullShare || weight == 0) return weight;
    const unsigned part = (weight * unsigned{share} + kFullShare / 2) / kFullShare;
    return part == 0 ? std::uint16_t{1} : static_cast<std::uint16_t>(part);
  }
  // As instances are drawn: exact.
  [[nodiscard]] std::uint32_t draw_weight() const noexcept { return std::uint32_t{weight} * share; }
};
static_assert(sizeof(Entry) == 20);

struct PortItem {
  std::uint16_t entry;
  std::uint16_t port;
};
struct PortName {       // one named port on one protocol
  std::uint32_t name;   // offset: length octet and folded text
  std::uint32_t items;  // offset: PortItem[count], by entry
  std::uint16_t count;
  std::uint8_t flag;  // Entry::kTcp or kUdp
  std::uint8_t spare;
};
struct Mark {           // a tag or a zone, and who bears it
  std::uint32_t name;   // offset: length octet and folded text
  std::uint32_t items;  // offset: u16[count] of entries, or a bitmap of all entries in 64-bit words
  std::uint16_t count;
  bool zone;
  bool bitmap;
};
struct HttpsPort {
  PortItem item;
  std::uint32_t alpn;  // offset: u16 length, SvcParam octets
};
struct AliasSlot {     // Vose's alias method over the tier
  std::uint16_t keep;  // probability of the slot itself, out of 65,536
  std::uint16_t other;
};

// What follows an entry's label in the text: tick (4 octets) if kEnds, host (wire name) if kHost, and if kMeta a u16
// count with so many (u16 length, TXT rdata), then (u16 length, DNS-SD TXT rdata).
struct InstanceText {
  const std::uint8_t* label;  // length octet and text, as spelled
  std::uint32_t ends = UINT32_MAX;
  const std::uint8_t* host = nullptr;
  const std::uint8_t* meta = nullptr;
};

struct ServiceBlock {
  static constexpr std::uint16_t kAlias = 1;         // `cname` is the target of the service's name, whatever it holds
  static constexpr std::uint16_t kPublishCname = 2;  // the name is a CNAME to a listed entry's host
  static constexpr std::uint16_t kFailOpen = 4;      // some listed entries are not available: too few others are
  static constexpr std::uint16_t kServfail = 8;      // on_empty = servfail
  static constexpr std::uint16_t kUniform = 16;      // all of the tier have the same families
  static constexpr std::uint16_t kGroups = 32;       // addresses repeat in the tier (and `groups` is there)
  static constexpr std::uint16_t kNamedTcp = 64, kNamedUdp = 128;       // some named port on that protocol
  static constexpr std::uint16_t kDefaultTcp = 256, kDefaultUdp = 512;  // some default port on that protocol
  static constexpr std::uint16_t kStable = 1024, kSticky = 2048;        // the order of address answers
  static constexpr std::uint16_t kMayOpen = 4096;                       // what a selector leaves fails open by itself
  static constexpr std::uint16_t kSpilled = 8192;  // a better tier has addresses, but too few of them
  static constexpr std::uint16_t kGuard = 16384;   // some listed entries are up only because the guard holds them

  // The one thing in a block that changes: since when it is no longer what the table says, monotonic; 0 = it is.
  // Written by the control thread after the pointers were swapped; workers read it after their answers have left.
  mutable std::int64_t replaced;
  std::uint64_t revision;  // of the service's last change, state included
  std::uint64_t seed;      // hash of its name: what makes two services' samples independent
  std::uint32_t size;
  std::uint32_t ttl;
  std::uint32_t min_ttl;
  std::uint32_t available;  // as the registry counts them
  std::uint16_t total;      // entries
  std::uint16_t listed;
  std::uint16_t tier_begin;  // address answers: entries of the best priority with an address that may be answered
  std::uint16_t tier_size;
  std::uint16_t max_answers;  // 0 = all
  std::uint16_t max_srv;
  std::uint16_t flags;
  std::uint16_t ranked;  // places in each list of `ranks`
  std::uint32_t labels;  // offset: u16[total], entries by folded label
  std::uint32_t v6;      // offset: 16 octets each
  std::uint32_t alias;   // offset: AliasSlot[tier_size]; 0 = equal weights
  std::uint32_t groups;  // offset: u16[2 * total], IPv4 then IPv6: first entry of its tier with the same address;
                         // 0 = no address repeats in any tier
  std::uint32_t ports;   // offset: PortName[port_names], by name and protocol
  std::uint32_t label;   // offset: the service's own label, as spelled
  std::uint32_t cname;   // offset: wire name
  std::uint32_t meta;    // offset: as an instance's, u16 count and TXT rdatas; 0 = none
  std::uint32_t port_names;
  std::uint32_t ranks;  // offset: sticky_ranks.h; 0 = the order is not sticky, or the tier is empty
  std::uint32_t names;  // offset: u64[total], by entry: sticky_name(); 0 = the order is not sticky
  std::uint32_t marks;  // offset: Mark[mark_count], by name, tags before zones
  std::uint32_t mark_count;
  std::uint32_t https;  // offset: HttpsPort[https_count], by entry
  std::uint32_t https_count;

  struct Free {
    void operator()(const ServiceBlock* block) const noexcept { ::operator delete(const_cast<ServiceBlock*>(block)); }
  };

  // Relaxed: who must see it has seen the Reclaimer's count of retirements first, which comes after it.
  void note_replaced(registry::Mono at) const noexcept {
    std::atomic_ref(replaced).store(at.time_since_epoch().count(), std::memory_order_relaxed);
  }
  [[nodiscard]] std::optional<registry::Mono> replaced_at() const noexcept {
    const std::int64_t since = std::atomic_ref(replaced).load(std::memory_order_relaxed);
    return since == 0 ? std::nullopt : std::optional(registry::Mono(registry::Mono::duration(since)));
  }

  [[nodiscard]] bool has(std::uint16_t flag) const noexcept { return (flags & flag) != 0; }
  template <class T>
  [[nodiscard]] const T* at(std::uint32_t offset) const noexcept {
    return reinterpret_cast<const T*>(reinterpret_cast<const std::uint8_t*>(this) + offset);
  }
  [[nodiscard]] std::uint32_t size_in_memory() const noexcept { return size; }
  [[nodiscard]] const Entry* entries() const noexcept { return reinterpret_cast<const Entry*>(this + 1); }
  [[nodiscard]] const std::uint8_t* v6_of(const Entry& e) const noexcept { return at<std::uint8_t>(v6) + e.v6 * 16U; }
  [[nodiscard]] std::span<const PortName> named_ports() const noexcept { return {at<PortName>(ports), port_names}; }
  [[nodiscard]] const PortName* find_port(const std::uint8_t* folded, std::uint8_t protocol_flag) const noexcept;
  [[nodiscard]] const Mark* find_mark(const std::uint8_t* folded, bool zone) const noexcept;
  [[nodiscard]] std::span<const HttpsPort> https_ports() const noexcept { return {at<HttpsPort>(https), https_count}; }
  // `groups` of the entries from `first` on; null = none.
  [[nodiscard]] const std::uint16_t* groups_of(bool ipv6, std::uint32_t first) const noexcept {
    return groups == 0 ? nullptr : at<std::uint16_t>(groups) + (ipv6 ? total : 0) + first;
  }
  [[nodiscard]] const Entry* find_label(const std::uint8_t* folded) const noexcept;  // by length octet and text
  [[nodiscard]] InstanceText text_of(const Entry& entry) const noexcept;
};
static_assert(sizeof(ServiceBlock) % 8 == 0);

using ServiceBlockPtr = std::unique_ptr<const ServiceBlock, ServiceBlock::Free>;

}  // namespace dnsd::answers
