// SRV answers: one fixed order per client prefix, whatever the moment (MECHANISMS 7: clients that drop what one answer
// omits must not see instances come and go). Priorities ascend; equal ones are by label, rotated by the client prefix.
#pragma once

#include <cstdint>

#include "dnsd/answers/block.h"
#include "dnsd/serve/answer.h"
#include "dnsd/serve/offers.h"
#include "dnsd/serve/sampler.h"

namespace dnsd::serve {

// The named port "_http" on a protocol's flag; null = none. respond_service.cc
[[nodiscard]] const answers::PortName* find_port(const answers::ServiceBlock& block, const std::uint8_t* label,
                                                 std::uint16_t protocol) noexcept;
[[nodiscard]] inline bool has_named_ports(const answers::ServiceBlock& block, std::uint16_t protocol) noexcept {
  using answers::ServiceBlock;
  return (protocol == answers::Entry::kTcp && block.has(ServiceBlock::kNamedTcp)) ||
         (protocol == answers::Entry::kUdp && block.has(ServiceBlock::kNamedUdp));
}

// <service>.<apex asked>: what all targets of a service end with, in its spelling. In Consul's layout
// addr.<datacenter>.<apex>, and the label before it is the instance's address, IPv4 if it has both.
class TargetTail {
 public:
  TargetTail(const Where& where, const answers::ServiceBlock& block) noexcept : by_address_(where.view.addr_size != 0) {
    if (by_address_) [[unlikely]] {
      size_ = where.view.addr_size;
      std::memcpy(tail_.data(), where.view.addr.data(), size_);
      return;
    }
    const auto* label = block.at<std::uint8_t>(block.label);
    std::memcpy(tail_.data(), label, label[0] + 1U);
    std::memcpy(tail_.data() + label[0] + 1, where.view.apex.data(), where.view.apex_size);
    size_ = label[0] + 1U + where.view.apex_size;
  }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] const std::uint8_t* data() const noexcept { return tail_.data(); }
  // Targets are named after addresses: instances may share one.
  [[nodiscard]] bool by_address() const noexcept { return by_address_; }
  using Label = std::array<std::uint8_t, 33>;
  // The label before it, with its length octet; `made` is room for one that is no text of the block.
  [[nodiscard]] const std::uint8_t* label(const answers::ServiceBlock& block, const answers::Entry& entry,
                                          Label& made) const noexcept {
    if (by_address_) [[unlikely]]
      return address_label(block, entry, made);
    return block.at<std::uint8_t>(entry.text);
  }
  // False: the apex of an alias is too long for this label, so the instance has no name there.
  [[nodiscard]] bool fits(const answers::ServiceBlock& block, const answers::Entry& entry) const noexcept {
    if (by_address_) return entry.has(answers::Entry::kHost | answers::Entry::kV4 | answers::Entry::kV6);
    return fits_any() || entry.has(answers::Entry::kHost) ||
           block.at<std::uint8_t>(entry.text)[0] + 1U + size_ <= wire::kMaxWireName;
  }
  [[nodiscard]] bool fits_any() const noexcept { return !by_address_ && size_ + 64 <= wire::kMaxWireName; }

 private:
  [[nodiscard]] static const std::uint8_t* address_label(const answers::ServiceBlock& block,
                                                         const answers::Entry& entry, Label& made) noexcept;
  const bool by_address_;
  std::array<std::uint8_t, 64 + 255> tail_;
  std::size_t size_;
};

// The record at `at` of the message, whose owner is a pointer, repeats none before it.
[[nodiscard]] bool is_new_record(Answer& a, std::size_t at) noexcept;

// One SRV record of the entry, which fits `tail` (as the target of a longer name that fits does); the offset of its
// target, 0 = no room.
[[nodiscard]] std::size_t put_srv(Answer& a, std::uint16_t owner, std::uint32_t ttl, const answers::ServiceBlock& block,
                                  const answers::Entry& entry, std::uint16_t port, const TargetTail& tail) noexcept;
// The whole answer with its additional section, at the name asked; on_empty when nothing is listed.
void respond_srv(Answer& a, const Where& where, const answers::ServiceBlock& block, const Offers& offers) noexcept;

// The HTTPS records of the ports with ALPN (RFC 9460), at the name asked; NODATA without one. respond_https.cc
void respond_https(Answer& a, const Where& where, const answers::ServiceBlock& block,
                   const Selection* chosen = nullptr) noexcept;

}  // namespace dnsd::serve
