// SRV answers: one fixed order per client prefix, whatever the moment (MECHANISMS 7: clients that drop what one answer
// omits must not see instances come and go). Priorities ascend; equal ones are by label, rotated by the client prefix.
#pragma once

#include <cstdint>

#include "dnsd/answers/block.h"
#include "dnsd/serve/answer.h"
#include "dnsd/serve/sampler.h"

namespace dnsd::serve {

// The instances that offer a port: the default one on `flags`, a named one, or those with ALPN. The listed ones, or
// those that selectors left.
class Offers {
 public:
  Offers(const answers::ServiceBlock& block, std::uint16_t flags, const Selection* chosen = nullptr) noexcept
      : block_(block), chosen_(chosen), flags_(flags), count_(chosen ? block.total : block.listed) {}
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
    walk(seed, [&](std::uint32_t i) { return f(entry(i), items_ ? item(i)->port : entry(i).port); });
  }
  // f(entry, the HttpsPort) likewise; of those with ALPN.
  template <class F>
  void each_https(std::uint64_t seed, F&& f) const noexcept {
    walk(seed, [&](std::uint32_t i) {
      return f(entry(i), *reinterpret_cast<const answers::HttpsPort*>(items_ + i * std::size_t{stride_}));
    });
  }
  [[nodiscard]] const Selection* chosen() const noexcept { return chosen_; }

 private:
  Offers(const answers::ServiceBlock& block, const Selection* chosen, const std::uint8_t* items, std::uint32_t stride,
         std::uint32_t count) noexcept
      : block_(block), chosen_(chosen), items_(items), stride_(stride), count_(count) {
    if (chosen != nullptr) return;
    while (count_ != 0 && item(count_ - 1)->entry >= block.listed) --count_;  // registered, not listed
  }

  template <class F>
  void walk(std::uint64_t seed, F&& f) const noexcept {
    for (std::uint32_t begin = 0; begin < count_;) {
      std::uint32_t end = begin + 1;
      while (end < count_ && entry(end).priority == entry(begin).priority) ++end;
      const std::uint32_t size = end - begin;
      const std::uint32_t start = below(seed, size);
      for (std::uint32_t n = 0; n < size; ++n) {
        const std::uint32_t i = begin + (start + n < size ? start + n : start + n - size);
        if (items_ == nullptr && !entry(i).has(flags_)) continue;
        if (chosen_ != nullptr && !chosen_->has(index(i))) continue;
        if (!f(i)) return;
      }
      begin = end;
    }
  }
  [[nodiscard]] const answers::PortItem* item(std::uint32_t i) const noexcept {
    return reinterpret_cast<const answers::PortItem*>(items_ + i * std::size_t{stride_});
  }
  [[nodiscard]] std::uint32_t index(std::uint32_t i) const noexcept { return items_ ? item(i)->entry : i; }
  [[nodiscard]] const answers::Entry& entry(std::uint32_t i) const noexcept { return block_.entries()[index(i)]; }

  const answers::ServiceBlock& block_;
  const Selection* chosen_;
  const std::uint8_t* items_ = nullptr;  // PortItems, `stride_` octets apart; null = the entries themselves
  std::uint32_t stride_ = 0;
  std::uint16_t flags_ = 0;
  std::uint32_t count_;
};

// The named port "_http" on a protocol's flag; null = none. respond_service.cc
[[nodiscard]] const answers::PortName* find_port(const answers::ServiceBlock& block, const std::uint8_t* label,
                                                 std::uint16_t protocol) noexcept;
[[nodiscard]] inline bool has_named_ports(const answers::ServiceBlock& block, std::uint16_t protocol) noexcept {
  using answers::ServiceBlock;
  return (protocol == answers::Entry::kTcp && block.has(ServiceBlock::kNamedTcp)) ||
         (protocol == answers::Entry::kUdp && block.has(ServiceBlock::kNamedUdp));
}

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

// The HTTPS records of the ports with ALPN (RFC 9460), at the name asked; NODATA without one. respond_https.cc
void respond_https(Answer& a, const Where& where, const answers::ServiceBlock& block,
                   const Selection* chosen = nullptr) noexcept;

}  // namespace dnsd::serve
