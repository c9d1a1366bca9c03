#include "dnsd/serve/srv.h"

#include "dnsd/answers/wire_name.h"

namespace dnsd::serve {

using answers::Entry;
using answers::ServiceBlock;

const std::uint8_t* TargetTail::address_label(const ServiceBlock& block, const Entry& entry, Label& made) noexcept {
  constexpr char kDigits[] = "0123456789abcdef";
  const bool v4 = entry.has(Entry::kV4);
  const std::uint8_t* octets = v4 ? entry.v4 : block.v6_of(entry);
  made[0] = v4 ? 8 : 32;
  for (unsigned i = 0; i < made[0] / 2U; ++i) {
    made[2 * i + 1] = static_cast<std::uint8_t>(kDigits[octets[i] >> 4]);
    made[2 * i + 2] = static_cast<std::uint8_t>(kDigits[octets[i] & 15]);
  }
  return made.data();
}

bool is_new_record(Answer& a, std::size_t at) noexcept {
  return a.scratch.skips.is_new(a.writer.data(), at + 12, a.writer.size() - at - 12);
}

std::size_t put_srv(Answer& a, std::uint16_t owner, std::uint32_t ttl, const ServiceBlock& block, const Entry& entry,
                    std::uint16_t port, const TargetTail& tail) noexcept {
  TargetTail::Label made;
  const auto* host = entry.has(Entry::kHost) ? block.text_of(entry).host : nullptr;
  const auto* label = host ? nullptr : tail.label(block, entry, made);
  const std::size_t head = host ? answers::wire_size(host) : label[0] + 1U;
  const std::size_t rest = host ? 0 : tail.size();
  std::uint8_t* p = put_record(a.writer, owner, wire::type::srv, ttl, 6 + head + rest);
  if (p == nullptr) return 0;
  wire::put16(p, entry.priority);
  wire::put16(p + 2, entry.effective_weight());
  wire::put16(p + 4, port);
  std::memcpy(p + 6, host ? host : label, head);
  std::memcpy(p + 6 + head, tail.data(), rest);
  return static_cast<std::size_t>(p + 6 - a.writer.data());
}

void respond_srv(Answer& a, const Where& where, const ServiceBlock& block, const Offers& offers) noexcept {
  const auto said = a.reason();
  note_unusual(a, block, offers.chosen());
  const TargetTail tail(where, block);
  const std::uint32_t ttl = service_ttl(a, where, block);
  const std::uint64_t seed = prefix_seed(a, block);
  const std::uint32_t limit = block.max_srv == 0 ? UINT32_MAX : block.max_srv;
  const std::size_t start = a.writer.size();
  const bool fits_any = tail.fits_any();
  std::uint32_t count = 0, skipped = 0;
  Skips& skips = a.scratch.skips;
  skips.begin();
  offers.each(seed, [&](const Entry& entry, std::uint16_t port) {
    if (count == limit) return false;
    if (!fits_any && !tail.fits(block, entry)) [[unlikely]] {
      skips.skip(count + skipped++);
      return true;
    }
    const std::size_t target = put_srv(a, where.asked.pointer(), ttl, block, entry, port, tail);
    if (target == 0) {
      a.tc = true;
      return false;
    }
    if ((entry.has(Entry::kHost) || tail.by_address()) && !is_new_record(a, target - 18)) [[unlikely]] {
      a.writer.rewind(target - 18);
      skips.skip(count + skipped++);
      return true;
    }
    ++count;
    return true;
  });
  a.counts.answer = static_cast<std::uint16_t>(a.counts.answer + count);
  a.scratch.trace.drew(offers, skips, seed, limit, count);
  if (count == 0 && !a.tc) {
    a.take_back_to(said);
    respond_empty(a, where, block, offers.chosen());
  }
  if (a.tc || count == 0) return;
  a.scratch.named.begin();
  std::size_t at = start;
  const std::uint32_t all = count + skipped;
  std::uint32_t n = 0;
  offers.each(seed, [&](const Entry& entry, std::uint16_t) {
    if (n == all) return false;
    if (skips.skipped(n++)) [[unlikely]]
      return true;
    const std::size_t target = at + 18;
    at += 12U + wire::get16(a.writer.data() + at + 10);
    if (entry.has(Entry::kHost)) return add_addresses_of(a, a.writer.data() + target, target);
    if (tail.by_address()) [[unlikely]]
      return add_named_address(a, block, entry, target, ttl);
    return add_addresses(a, block, entry, target, ttl);
  });
}

}  // namespace dnsd::serve
