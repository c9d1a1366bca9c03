// SRV answers: one fixed order per client prefix, whatever the moment (MECHANISMS 7: clients that drop what one answer
// omits must not see instances come and go). Priorities ascend; equal ones are by label, rotated by the client prefix.
#pragma once

#include <cstdint>

#include "dnsd/answers/block.h"
#include "dnsd/serve/answer.h"
#include "dnsd/serve/sampler.h"

namespace dnsd::serve {

// The listed instances that offer a port: the default one on `flags`, or a named one.
class Offers {
 public:
  Offers(const answers::ServiceBlock& block, std::uint16_t flags) noexcept
      : block_(block), flags_(flags), count_(block.listed) {}
  Offers(const answers::ServiceBlock& block, const answers::PortName& port) noexcept
      : block_(block), items_(block.at<answers::PortItem>(port.items)), count_(port.count) {
    while (count_ != 0 && items_[count_ - 1].entry >= block.listed) --count_;  // registered, not listed
  }

  // f(entry, port) in this client's order, until it returns false.
  template <class F>
  void each(std::uint64_t seed, F&& f) const noexcept {
    for (std::uint32_t begin = 0; begin < count_;) {
      std::uint32_t end = begin + 1;
      while (end < count_ && entry(end).priority == entry(begin).priority) ++end;
      const std::uint32_t size = end - begin;
      const std::uint32_t start = below(seed, size);
      for (std::uint32_t n = 0; n < size; ++n) {
        const std::uint32_t i = begin + (start + n < size ? start + n : start + n - size);
        if (items_ == nullptr && !entry(i).has(flags_)) continue;
        if (!f(entry(i), items_ ? items_[i].port : entry(i).port)) return;
      }
      begin = end;
    }
  }

 private:
  [[nodiscard]] const answers::Entry& entry(std::uint32_t i) const noexcept {
    return block_.entries()[items_ ? items_[i].entry : i];
  }

  const answers::ServiceBlock& block_;
  const answers::PortItem* items_ = nullptr;
  std::uint16_t flags_ = 0;
  std::uint32_t count_;
};

// <service>.<apex asked>: what all targets of a service end with, in its spelling.
class TargetTail {
 public:
  TargetTail(const Where& where, const answers::ServiceBlock& block) noexcept {
    const auto* label = block.at<std::uint8_t>(block.label);
    std::memcpy(tail_.data(), label, label[0] + 1U);
    std::memcpy(tail_.data() + label[0] + 1, where.view.apex.data(), where.view.apex_size);
    size_ = label[0] + 1U + where.view.apex_size;
  }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] const std::uint8_t* data() const noexcept { return tail_.data(); }

 private:
  std::array<std::uint8_t, 64 + 255> tail_;
  std::size_t size_;
};

// One SRV record of the entry; the offset of its target, 0 = no room.
[[nodiscard]] std::size_t put_srv(Answer& a, std::uint16_t owner, std::uint32_t ttl, const answers::ServiceBlock& block,
                                  const answers::Entry& entry, std::uint16_t port, const TargetTail& tail) noexcept;
// The whole answer with its additional section, at the name asked; on_empty when nothing is listed.
void respond_srv(Answer& a, const Where& where, const answers::ServiceBlock& block, const Offers& offers) noexcept;

}  // namespace dnsd::serve
