// The name table as the workers see it: keyed hash of a folded name -> node. Open addressing, lock-free readers, one
// writer (NameTree). Invariant: at any instant every ancestor of an existing node exists, so the closest encloser is
// found by binary search over the label count (a linear walk over 127 labels would be an attack).
//
// Readers call between Reclaimer::online and offline. Pointers found are valid until the next offline.
#pragma once

#include <atomic>
#include <bit>
#include <cstdint>
#include <cstring>

#include "dnsd/answers/block.h"
#include "dnsd/answers/name_hash.h"
#include "dnsd/answers/records.h"
#include "dnsd/answers/zone.h"

namespace dnsd::answers {

// One name. The folded wire name follows the node in memory: with names up to 16 octets a look-up reads one line.
struct alignas(64) Node {
  static constexpr std::uint8_t kExists = 1;
  static constexpr std::uint8_t kApex = 2;
  static constexpr std::uint8_t kCut = 4;        // a delegation: what is here and below is another server's
  static constexpr std::uint8_t kDname = 8;      // names below are rewritten
  static constexpr std::uint8_t kWildcard = 16;  // the child "*" exists
  static constexpr std::uint8_t kParent = 32;    // has had a child since it exists
  static constexpr std::uint8_t kBelow = 64;     // under a cut or a DNAME of its zone: exists for a zone further down

  std::atomic<const ServiceBlock*> service{nullptr};
  std::atomic<const RecordBlock*> records{nullptr};
  std::atomic<Zone*> zone{nullptr};  // null: an ancestor of our apexes, outside of every zone
  std::atomic<std::uint32_t> horizon{UINT32_MAX};
  mutable std::atomic<std::uint32_t> last_sent{0};  // tick of the last answer; workers store, relaxed; 0 = never
  Node* parent = nullptr;                           // writer
  std::uint32_t refs = 0;                           // writer: own uses and existing children; 0 = does not exist
  std::atomic<std::uint8_t> flags{0};
  std::uint8_t name_size = 0;
  std::uint8_t labels = 0;
  mutable std::atomic<bool> browsed{false};  // a DNS-SD list of it was answered; workers store, relaxed

  [[nodiscard]] const std::uint8_t* name() const noexcept {
    return reinterpret_cast<const std::uint8_t*>(this) + kNameAt;
  }
  [[nodiscard]] std::uint8_t* name() noexcept { return reinterpret_cast<std::uint8_t*>(this) + kNameAt; }
  [[nodiscard]] bool exists() const noexcept { return (flags.load(std::memory_order_acquire) & kExists) != 0; }
  [[nodiscard]] bool is(const std::uint8_t* wire, std::size_t size) const noexcept;
  static constexpr std::size_t kNameAt = 48;
};
static_assert(sizeof(Node) == 64, "the name starts at octet 48 and runs past the struct");

struct Slot {
  std::atomic<std::uint64_t> hash{0};  // written before `node` is released
  std::atomic<Node*> node{nullptr};    // null ends a probe
};

struct Slots {
  explicit Slots(std::size_t capacity) : mask(capacity - 1), slot(new Slot[capacity]) {}
  ~Slots() { delete[] slot; }
  Slots(const Slots&) = delete;
  Slots& operator=(const Slots&) = delete;
  const std::size_t mask;  // capacity is a power of two
  Slot* const slot;
};

struct Found {
  const Node* node = nullptr;
  bool exact = false;
};

class Table {
 public:
  explicit Table(std::uint64_t key) : key_(key) {}
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  [[nodiscard]] std::uint64_t key() const noexcept { return key_; }
  [[nodiscard]] bool ready() const noexcept { return slots_.load(std::memory_order_acquire) != nullptr; }

  void prefetch(std::uint64_t hash) const noexcept {
    if (const Slots* slots = slots_.load(std::memory_order_acquire))
      __builtin_prefetch(&slots->slot[hash & slots->mask]);
  }
  // The node with this hash, whatever its name and whether it exists: for prefetching only.
  [[nodiscard]] const Node* guess(std::uint64_t hash) const noexcept {
    const Slots* slots = slots_.load(std::memory_order_acquire);
    if (slots == nullptr) return nullptr;
    for (std::size_t i = hash & slots->mask;; i = (i + 1) & slots->mask) {
      const Node* node = slots->slot[i].node.load(std::memory_order_acquire);
      if (node == nullptr || slots->slot[i].hash.load(std::memory_order_relaxed) == hash) return node;
    }
  }
  // The existing node of exactly this name; null = none. `wire` is folded.
  [[nodiscard]] const Node* find(std::uint64_t hash, const std::uint8_t* wire, std::size_t size) const noexcept {
    return find_in(slots_.load(std::memory_order_acquire), hash, wire, size);
  }
  // The node of the name or of its closest existing ancestor; node null = not even the root. The suffix that starts at
  // label `likely` is tried first, and is the answer if it is a service's name: nothing stands below those.
  [[nodiscard]] Found closest(const NameRef& name, unsigned likely = 0) const noexcept;

 private:
  friend class NameTree;
  static const Node* find_in(const Slots* slots, std::uint64_t hash, const std::uint8_t* wire,
                             std::size_t size) noexcept;

  const std::uint64_t key_;
  std::atomic<const Slots*> slots_{nullptr};
};

}  // namespace dnsd::answers
