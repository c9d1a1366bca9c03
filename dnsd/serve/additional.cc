// The additional section: addresses of the names that answers point to.
#include <algorithm>

#include "dnsd/serve/answer.h"

namespace dnsd::serve {
namespace {

using answers::Entry;
using answers::RecordBlock;
using answers::RecordSet;
using answers::ServiceBlock;

bool add_set(Answer& a, std::uint16_t owner, const RecordBlock& block, const RecordSet& set) noexcept {
  const std::size_t before = a.writer.size();
  const bool whole = block.each(set, [&](std::span<const std::uint8_t> rdata) {
    std::uint8_t* p = put_record(a.writer, owner, set.type, set.ttl, rdata.size());
    if (p != nullptr) std::memcpy(p, rdata.data(), rdata.size());
    return p != nullptr;
  });
  if (!whole) {
    a.writer.rewind(before);
    return false;
  }
  a.counts.additional = static_cast<std::uint16_t>(a.counts.additional + set.count);
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

// The addresses of one owner. A signature that does not fit goes without its set (RFC 4035 3.1.1).
bool add_addresses_at(Answer& a, std::uint16_t owner, const answers::Zone& zone, const RecordBlock& block) noexcept {
  for (const std::uint16_t type : {wire::type::a, wire::type::aaaa}) {
    const RecordSet* set = block.find(type);
    if (set == nullptr) continue;
    if (!add_set(a, owner, block, *set)) return false;
    const RecordSet* signatures = wants_proofs(a, zone) ? block.signatures_of(type) : nullptr;
    if (signatures != nullptr && !add_set(a, owner, block, *signatures)) return false;
  }
  return true;
}

// Of a name that an answer points to, where we own it; `owner` points at it in the message. False: no more room.
bool add_addresses_of(Answer& a, const answers::NameRef& name, std::uint16_t owner,
                      const answers::Zone* within) noexcept {
  const auto [node, exact] = a.table.closest(name);
  const answers::Zone* zone = node != nullptr ? node->zone.load(std::memory_order_acquire) : nullptr;
  if (zone == nullptr || (within != nullptr && zone != within) || is_closed(a, name, *zone)) return true;
  if (exact) {
    const RecordBlock* records = node->records.load(std::memory_order_acquire);
    return records == nullptr || !a.added.is_new(node) || add_addresses_at(a, owner, *zone, *records);
  }
  const ServiceBlock* block = node->service.load(std::memory_order_acquire);
  if (block == nullptr || name.labels != node->labels + 1) return true;
  const Entry* entry = block->find_label(name.label(0));
  if (entry == nullptr || !a.added.is_new(entry)) return true;
  note_sent(*node, a.time.tick);
  if (a.block == nullptr) a.block = block;
  return add_addresses(a, *block, *entry, owner & 0x3fff);
}

std::span<const RecordSet> glue_of(const RecordBlock& block, unsigned n) noexcept {
  const auto [begin, end] = std::ranges::equal_range(block.glue(), n, {}, &RecordSet::covers);
  return {begin, end};
}

// Glue of the n-th name server. Without that of a server below its own cut nobody gets there: the client is told to
// ask again over TCP (RFC 9471 3.1). Addresses beside the cut are optional.
bool add_glue(Answer& a, const PendingTargets& targets, unsigned n, std::uint16_t owner, bool below) noexcept {
  for (const RecordSet& set : glue_of(*targets.block, n)) {
    if ((set.below != 0) != below || add_set(a, owner, *targets.block, set)) continue;
    a.tc = a.tc || (below && targets.within != nullptr);
    return false;
  }
  return true;
}

// f(n, rdata, where the rdata stands in the message) for each record of the set, until it returns false.
template <class F>
bool each_target(Answer& a, const PendingTargets& targets, F&& f) noexcept {
  unsigned n = 0;
  std::size_t at = targets.first;
  return targets.block->each(*targets.set, [&](std::span<const std::uint8_t> rdata) {
    const std::size_t rdata_at = at + 12;  // after owner, type, class, TTL, length
    at = rdata_at + wire::get16(a.writer.data() + rdata_at - 2);
    return can_point_at(at) && f(n++, rdata, rdata_at);
  });
}

// SVCB and HTTPS: "." stands for the owner, and with priority 0 for nothing at all (RFC 9460 2.5).
bool add_target(Answer& a, const PendingTargets& targets, std::span<const std::uint8_t> rdata,
                std::size_t rdata_at) noexcept {
  const auto offset = static_cast<std::size_t>(target_offset(targets.set->type));
  const bool service = targets.set->type == wire::type::svcb || targets.set->type == wire::type::https;
  if (rdata.size() <= offset) return true;
  if (service && rdata[offset] == 0) {
    return wire::get16(rdata.data()) == 0 ||
           add_addresses_of(a, targets.asked.name, targets.asked.pointer(), targets.within);
  }
  const answers::NameRef name = a.scratch.target.read(rdata.data() + offset, a.table.key());
  return add_addresses_of(a, name, static_cast<std::uint16_t>(0xc000 | (rdata_at + offset)), targets.within);
}

}  // namespace

bool add_addresses(Answer& a, const ServiceBlock& block, const Entry& entry, std::size_t owner_at,
                   std::uint32_t longest) noexcept {
  if (!can_point_at(owner_at)) return false;
  const auto owner = static_cast<std::uint16_t>(0xc000 | owner_at);
  const std::uint32_t ttl = std::min(longest, direct_ttl(a, block, block.text_of(entry).ends));
  if (entry.has(Entry::kV4) && !add_one(a, owner, wire::type::a, ttl, entry.v4, 4)) return false;
  return !entry.has(Entry::kV6) || add_one(a, owner, wire::type::aaaa, ttl, block.v6_of(entry), 16);
}

bool add_named_address(Answer& a, const ServiceBlock& block, const Entry& entry, std::size_t owner_at,
                       std::uint32_t longest) noexcept {
  if (!can_point_at(owner_at)) return false;
  const auto owner = static_cast<std::uint16_t>(0xc000 | owner_at);
  const std::uint32_t ttl = std::min(longest, direct_ttl(a, block, block.text_of(entry).ends));
  const bool v4 = entry.has(Entry::kV4);
  const std::size_t size = v4 ? 4 : 16;
  const std::size_t before = a.writer.size();
  if (!add_one(a, owner, v4 ? wire::type::a : wire::type::aaaa, ttl, v4 ? entry.v4 : block.v6_of(entry), size))
    return false;
  if (a.scratch.named.is_new(a.writer.data(), before + 12, size)) return true;
  a.writer.rewind(before);
  --a.counts.additional;
  return true;
}

bool add_addresses_of(Answer& a, const std::uint8_t* target, std::size_t target_at) noexcept {
  return !can_point_at(target_at) || add_addresses_of(a, a.scratch.target.read(target, a.table.key()),
                                                      static_cast<std::uint16_t>(0xc000 | target_at), nullptr);
}

void put_targets(Answer& a) noexcept {
  const PendingTargets targets = a.scratch.targets;
  const bool glue = !targets.block->glue().empty();
  const auto owner = [](std::size_t at) { return static_cast<std::uint16_t>(0xc000 | at); };
  // What a referral cannot do without comes first.
  if (glue && !each_target(a, targets, [&](unsigned n, std::span<const std::uint8_t>, std::size_t at) {
        return add_glue(a, targets, n, owner(at), true);
      }))
    return;
  (void)each_target(a, targets, [&](unsigned n, std::span<const std::uint8_t> rdata, std::size_t at) {
    if (glue && !glue_of(*targets.block, n).empty()) return add_glue(a, targets, n, owner(at), false);
    return add_target(a, targets, rdata, at);
  });
}

}  // namespace dnsd::serve
