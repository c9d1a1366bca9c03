// The additional section: addresses of the names that answers point to.
#include "dnsd/serve/answer.h"

namespace dnsd::serve {
namespace {

using answers::Entry;
using answers::RecordBlock;
using answers::ServiceBlock;

bool add_set(Answer& a, std::uint16_t owner, const RecordBlock& block, std::uint16_t type) noexcept {
  const auto* set = block.find(type);
  if (set == nullptr) return true;
  const std::size_t before = a.writer.size();
  const bool whole = block.each(*set, [&](std::span<const std::uint8_t> rdata) {
    std::uint8_t* p = put_record(a.writer, owner, type, set->ttl, rdata.size());
    if (p != nullptr) std::memcpy(p, rdata.data(), rdata.size());
    return p != nullptr;
  });
  if (!whole) {
    a.writer.rewind(before);
    return false;
  }
  a.counts.additional = static_cast<std::uint16_t>(a.counts.additional + set->count);
  return true;
}

bool add_one(Answer& a, std::uint16_t owner, std::uint16_t type, std::uint32_t ttl, const std::uint8_t* octets,
             std::size_t size) noexcept {
  std::uint8_t* p = put_record(a.writer, owner, type, ttl, size);
  if (p == nullptr) return false;
  std::memcpy(p, octets, size);
  ++a.counts.additional;
  return true;
}

}  // namespace

bool add_addresses(Answer& a, const ServiceBlock& block, const Entry& entry, std::size_t owner_at) noexcept {
  if (!can_point_at(owner_at)) return false;
  const auto owner = static_cast<std::uint16_t>(0xc000 | owner_at);
  const std::uint32_t ttl = direct_ttl(a, block, block.text_of(entry).ends);
  if (entry.has(Entry::kV4) && !add_one(a, owner, wire::type::a, ttl, entry.v4, 4)) return false;
  return !entry.has(Entry::kV6) || add_one(a, owner, wire::type::aaaa, ttl, block.v6_of(entry), 16);
}

bool add_addresses_of(Answer& a, const std::uint8_t* target, std::size_t target_at) noexcept {
  if (!can_point_at(target_at)) return false;
  const answers::NameRef name = a.scratch.target.read(target, a.table.key());
  const auto [node, exact] = a.table.closest(name);
  if (node == nullptr || node->zone.load(std::memory_order_acquire) == nullptr) return true;
  if (exact) {
    const RecordBlock* records = node->records.load(std::memory_order_acquire);
    if (records == nullptr || !a.added.is_new(node)) return true;
    const auto owner = static_cast<std::uint16_t>(0xc000 | target_at);
    return add_set(a, owner, *records, wire::type::a) && add_set(a, owner, *records, wire::type::aaaa);
  }
  const ServiceBlock* block = node->service.load(std::memory_order_acquire);
  if (block == nullptr || name.labels != node->labels + 1) return true;
  const Entry* entry = block->find_label(name.label(0));
  if (entry == nullptr || !a.added.is_new(entry)) return true;
  note_sent(*node, a.time.tick);
  return add_addresses(a, *block, *entry, target_at);
}

}  // namespace dnsd::serve
