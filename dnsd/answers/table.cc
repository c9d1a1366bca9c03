#include "dnsd/answers/table.h"

namespace dnsd::answers {

const Node* Table::find_in(const Slots* slots, std::uint64_t hash, const std::uint8_t* wire,
                           std::size_t size) noexcept {
  if (slots == nullptr) return nullptr;
  for (std::size_t i = hash & slots->mask;; i = (i + 1) & slots->mask) {
    const Slot& slot = slots->slot[i];
    const Node* node = slot.node.load(std::memory_order_acquire);
    if (node == nullptr) return nullptr;  // load is at most one half: a probe always ends
    if (slot.hash.load(std::memory_order_relaxed) != hash) continue;
    if (node->name_size == size && std::memcmp(node->name(), wire, size) == 0) return node->exists() ? node : nullptr;
  }
}

Found Table::closest(const NameRef& name) const noexcept {
  const Slots* slots = slots_.load(std::memory_order_acquire);
  const auto look = [&](unsigned first) {
    return find_in(slots, name.hash[first], name.label(first), name.suffix_size(first));
  };
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
