// The instances that offer a port, in the order of an answer. See srv.h.
#pragma once

#include <cstdint>
#include <span>

#include "dnsd/answers/block.h"
#include "dnsd/serve/random.h"
#include "dnsd/serve/selection.h"

namespace dnsd::serve {

// The instances that offer a port: the default one on `flags`, a named one, or those with ALPN. The listed ones, or
// those that selectors left.
class Offers {
 public:
  Offers() noexcept = default;  // none
  Offers(const answers::ServiceBlock& block, std::uint16_t flags, const Selection* chosen = nullptr) noexcept
      : block_(&block), chosen_(chosen), flags_(flags), count_(block.listed) {
    if (chosen != nullptr && chosen->fails_open()) begin_ = block.listed, count_ = block.total;
  }
  Offers(const answers::ServiceBlock& block, const answers::PortName& port, const Selection* chosen = nullptr) noexcept
      : Offers(block, chosen, reinterpret_cast<const std::uint8_t*>(block.at<answers::PortItem>(port.items)),
               sizeof(answers::PortItem), port.count) {}
  Offers(const answers::ServiceBlock& block, std::span<const answers::HttpsPort> ports,
         const Selection* chosen = nullptr) noexcept
      : Offers(block, chosen, reinterpret_cast<const std::uint8_t*>(ports.data()), sizeof(answers::HttpsPort),
               static_cast<std::uint32_t>(ports.size())) {}

  // f(entry, port) in this client's order, until it returns false.
  template <class F>
  void each(std::uint64_t seed, F&& f) const noexcept {
    const bool named = items_ != nullptr;
    walk(seed, [&, named](const answers::Entry& e, std::uint32_t i) { return f(e, named ? item(i)->port : e.port); });
  }
  // f(entry, the HttpsPort) likewise; of those with ALPN.
  template <class F>
  void each_https(std::uint64_t seed, F&& f) const noexcept {
    walk(seed, [&](const answers::Entry& e, std::uint32_t i) {
      return f(e, *reinterpret_cast<const answers::HttpsPort*>(items_ + i * std::size_t{stride_}));
    });
  }
  [[nodiscard]] bool any() const noexcept {
    bool found = false;
    walk(0, [&](const answers::Entry&, std::uint32_t) {
      found = true;
      return false;
    });
    return found;
  }
  [[nodiscard]] const Selection* chosen() const noexcept { return chosen_; }

 private:
  Offers(const answers::ServiceBlock& block, const Selection* chosen, const std::uint8_t* items, std::uint32_t stride,
         std::uint32_t count) noexcept
      : block_(&block), chosen_(chosen), items_(items), stride_(stride), count_(count) {
    const std::uint32_t listed = first(0, [&](std::uint32_t i) { return index(i) >= block.listed; });
    if (chosen != nullptr && chosen->fails_open()) {
      begin_ = listed;
    } else {
      count_ = listed;
    }
  }

  // The first from `from` on for which `beyond` is so, as it is for all behind it.
  template <class Beyond>
  [[nodiscard]] std::uint32_t first(std::uint32_t from, Beyond beyond) const noexcept {
    if (from == count_ || !beyond(count_ - 1)) return count_;  // as a rule: all are listed, and of one tier
    std::uint32_t high = count_ - 1;
    while (from < high) {
      const std::uint32_t middle = from + (high - from) / 2;
      if (beyond(middle)) {
        high = middle;
      } else {
        from = middle + 1;
      }
    }
    return high;
  }

  // Within [begin_, count_) the priorities ascend. Selectors leave entries of nowhere else.
  template <class F>
  void walk(std::uint64_t seed, F&& f) const noexcept {
    for (std::uint32_t begin = begin_; begin < count_;) {
      const auto priority = entry(begin).priority;
      const std::uint32_t end = first(begin, [&](std::uint32_t i) { return entry(i).priority != priority; });
      const std::uint32_t start = begin + below(seed, end - begin);
      if (chosen_ == nullptr ? !walk_tier(begin, start, end, f) : !walk_chosen(begin, start, end, f)) return;
      begin = end;
    }
  }
  // [start, end), then [begin, start).
  template <class F>
  bool walk_tier(std::uint32_t begin, std::uint32_t start, std::uint32_t end, F&& f) const noexcept {
    const answers::Entry* const entries = block_->entries();
    const bool named = items_ != nullptr;
    const std::uint16_t flags = flags_;
    std::uint32_t i = start;
    do {
      const answers::Entry& e = entries[named ? item(i)->entry : i];
      if ((named || e.has(flags)) && !f(e, i)) return false;
      if (++i == end) i = begin;
    } while (i != start);
    return true;
  }
  template <class F>
  [[gnu::noinline]] bool walk_chosen(std::uint32_t begin, std::uint32_t start, std::uint32_t end,
                                     F&& f) const noexcept {
    for (std::uint32_t i = start, stop = end;;) {
      if (items_ == nullptr) i = chosen_->next(i, stop);
      if (i == stop) {
        if (stop == start) return true;
        i = begin, stop = start;
        continue;
      }
      if ((items_ == nullptr ? entry(i).has(flags_) : chosen_->has(index(i))) && !f(entry(i), i)) return false;
      ++i;
    }
  }
  [[nodiscard]] const answers::PortItem* item(std::uint32_t i) const noexcept {
    return reinterpret_cast<const answers::PortItem*>(items_ + i * std::size_t{stride_});
  }
  [[nodiscard]] std::uint32_t index(std::uint32_t i) const noexcept { return items_ ? item(i)->entry : i; }
  [[nodiscard]] const answers::Entry& entry(std::uint32_t i) const noexcept { return block_->entries()[index(i)]; }

  const answers::ServiceBlock* block_ = nullptr;
  const Selection* chosen_ = nullptr;
  const std::uint8_t* items_ = nullptr;  // PortItems, `stride_` octets apart; null = the entries themselves
  std::uint32_t stride_ = 0;
  std::uint16_t flags_ = 0;
  std::uint32_t begin_ = 0, count_ = 0;
};

}  // namespace dnsd::serve
