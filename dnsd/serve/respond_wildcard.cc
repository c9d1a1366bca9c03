// Synthesis from a wildcard (RFC 4592): the asterisk below the closest encloser answers in the asked name's stead.
#include "dnsd/serve/answer.h"

namespace dnsd::serve {
namespace {

constexpr std::uint8_t kAsterisk[2] = {1, '*'};
// In a namespace a registration may take the name: what is synthesised for it must not outlive a service's own TTL.
constexpr std::uint32_t kSynthesisedTtl = 5;

const answers::Node* asterisk_below(const Answer& a, const Where& where) noexcept {
  const unsigned first = where.first_below;  // label of the asked name where the encloser begins
  const std::size_t size = where.asked.name.suffix_size(first) + sizeof kAsterisk;
  if (size > wire::kMaxWireName) return nullptr;
  std::array<std::uint8_t, wire::kMaxWireName> wire;
  std::memcpy(wire.data(), kAsterisk, sizeof kAsterisk);
  std::memcpy(wire.data() + sizeof kAsterisk, where.asked.name.label(first), size - sizeof kAsterisk);
  return a.table.find(answers::hash_label(kAsterisk, where.asked.name.hash[first]), wire.data(), size);
}

}  // namespace

bool respond_wildcard(Answer& a, const Where& where, std::uint16_t& target_at, Step& step) noexcept {
  const answers::Node* asterisk = asterisk_below(a, where);
  if (asterisk == nullptr) return false;
  // NS at an asterisk delegates its literal name alone (RFC 4592 4.2).
  const bool cut = (asterisk->flags.load(std::memory_order_acquire) & answers::Node::kCut) != 0;
  const Source source{cut ? nullptr : asterisk->records.load(std::memory_order_acquire),
                      could_be_registered(where) ? kSynthesisedTtl : UINT32_MAX, true};
  const std::uint16_t before = a.counts.answer;
  step = respond_records(a, where, source, target_at);
  if (a.counts.answer != before && wants_proofs(a, where.zone)) prove_wildcard(a, where);
  return true;
}

}  // namespace dnsd::serve
