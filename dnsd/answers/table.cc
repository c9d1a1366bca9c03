#include "dnsd/answers/table.h"

namespace dnsd::answers {

bool Node::is(const std::uint8_t* wire, std::size_t size) const noexcept {
  if (name_size != size) return false;
  const std::uint8_t* own = name();
  std::uint64_t a, b;
  for (; size >= 8; size -= 8, own += 8, wire += 8) {
    std::memcpy(&a, own, 8);
    std::memcpy(&b, wire, 8);
    if (a != b) return false;
  }
  for (; size != 0; --size) {
    if (own[size - 1] != wire[size - 1]) return false;
  }
  return true;
}

const Node* Table::find_in(const Slots* slots, std::uint64_t hash, const std::uint8_t* wire,
                           std::size_t size) noexcept {
  if (slots == nullptr) return nullptr;
  for (std::size_t i = hash & slots->mask;; i = (i + 1) & slots->mask) {
    const Slot& slot = slots->slot[i];
    const Node* node = slot.node.load(std::memory_order_acquire);
    if (node == nullptr) return nullptr;  // load is at most one half: a probe always ends
    if (slot.hash.load(std::memory_order_relaxed) != hash) continue;
    if (node->is(wire, size)) return node->exists() ? node : nullptr;
  }
}

Found Table::closest(const NameRef& name, unsigned likely) const noexcept {
  const Slots* slots = slots_.load(std::memory_order_acquire);
  const auto look = [&](unsigned first) {
    return find_in(slots, name.hash[first], name.label(first), name.suffix_size(first));
  };
  if (likely != 0) {
    const Node* node = look(likely);
    const bool childless = node && (node->flags.load(std::memory_order_acquire) & Node::kParent) == 0;
    if (childless && node->service.load(std::memory_order_relaxed) != nullptr) return {node, false};
  }
  if (const Node* node = look(0)) return {node, true};
  const Node* best = nullptr;
  // Suffixes by their first label: 0 is known to be absent, [labels] is the root.
  unsigned absent = 0;
  unsigned low = 1;
  unsigned high = name.labels;
  while (low <= high) {  // invariant: every suffix that starts at or before `absent` is absent
    const unsigned middle = low + (high - low) / 2;
    if (const Node* node = look(middle)) {
      best = node;
      high = middle - 1;
    } else {
      absent = middle;
      low = absent + 1;
    }
  }
  return {best, false};
}

}  // namespace dnsd::answers
