// HTTPS (RFC 9460) at a service's name: one record for each available instance's port that speaks ALPN. The target is
// the instance, so that a client gets an address and a port that belong together.
#include <algorithm>

#include "dnsd/answers/wire_name.h"
#include "dnsd/serve/srv.h"

namespace dnsd::serve {
namespace {

using answers::Entry;
using answers::HttpsPort;
using answers::ServiceBlock;

constexpr std::size_t kPortParam = 6;  // key, length, port

// Where the service spilled, those of the tier that answers and of worse ones, if any of them has such a port: from the
// entry `from` on.
Offers offers_of(const ServiceBlock& block, const Selection* chosen, std::uint32_t& from) noexcept {
  const auto all = block.https_ports();
  if (block.has(ServiceBlock::kSpilled)) {
    const auto first = std::partition_point(all.begin(), all.end(),
                                            [&](const HttpsPort& port) { return port.item.entry < block.tier_begin; });
    const Offers answering(block, all.subspan(static_cast<std::size_t>(first - all.begin())), chosen);
    if (answering.any()) {
      from = block.tier_begin;
      return answering;
    }
  }
  return {block, all, chosen};
}

// Of both limits: browsers try what they get in turn, and need no more than of addresses.
std::uint32_t limit_of(const ServiceBlock& block) noexcept {
  const auto bound = [](std::uint16_t most) { return most == 0 ? UINT32_MAX : most; };
  return std::min<std::uint32_t>(bound(block.max_srv), bound(block.max_answers));
}

// SvcPriority, target, alpn, port. Where the target stands in the message; 0 = no room.
std::size_t put_https(Answer& a, const Where& where, const ServiceBlock& block, const Entry& entry,
                      const HttpsPort& port, std::uint16_t priority, std::uint32_t ttl,
                      const TargetTail& tail) noexcept {
  TargetTail::Label made;
  const auto* host = entry.has(Entry::kHost) ? block.text_of(entry).host : nullptr;
  const auto* label = host ? nullptr : tail.label(block, entry, made);
  const std::size_t head = host ? answers::wire_size(host) : label[0] + 1U;
  const std::size_t rest = host ? 0 : tail.size();
  const auto* alpn = block.at<std::uint8_t>(port.alpn);
  std::uint16_t alpn_size;
  std::memcpy(&alpn_size, alpn, sizeof alpn_size);
  std::uint8_t* p =
      put_record(a.writer, where.asked.pointer(), wire::type::https, ttl, 2 + head + rest + alpn_size + kPortParam);
  if (p == nullptr) return 0;
  const auto target = static_cast<std::size_t>(p + 2 - a.writer.data());
  wire::put16(p, priority);
  std::memcpy(p + 2, host ? host : label, head);
  std::memcpy(p + 2 + head, tail.data(), rest);
  p += 2 + head + rest;
  std::memcpy(p, alpn + sizeof alpn_size, alpn_size);
  p += alpn_size;
  wire::put16(p, wire::svc_param::port);
  wire::put16(p + 2, 2);
  wire::put16(p + 4, port.item.port);
  return target;
}

}  // namespace

// SvcPriority numbers the tiers from 1: 0 would be an alias (RFC 9460 2.4.1), and a registered priority may be 0.
void respond_https(Answer& a, const Where& where, const ServiceBlock& block, const Selection* chosen) noexcept {
  const std::uint32_t ttl = service_ttl(a, where, block);
  if (block.https_count == 0) return deny(a, where, wire::Rcode::noerror, ttl);
  const auto said = a.reason();
  note_unusual(a, block, chosen);
  const TargetTail tail(where, block);
  std::uint32_t from = 0;
  const Offers offers = offers_of(block, chosen, from);
  const std::uint64_t seed = prefix_seed(a, block);
  const std::uint32_t limit = limit_of(block);
  const std::size_t start = a.writer.size();
  std::uint32_t count = 0, n = 0;
  std::uint16_t tier = 0, last = 0;
  Skips& skips = a.scratch.skips;
  skips.begin();
  offers.each_https(seed, [&](const Entry& entry, const HttpsPort& port) {
    if (count == limit) return false;
    if (tier == 0 || entry.priority != last) ++tier;
    last = entry.priority;
    const std::size_t before = a.writer.size();
    const bool fits = tail.fits(block, entry);
    a.tc = fits && put_https(a, where, block, entry, port, tier, ttl, tail) == 0;
    if (a.tc) return false;
    if (!fits || ((entry.has(Entry::kHost) || tail.by_address()) && !is_new_record(a, before))) {
      a.writer.rewind(before);
      skips.skip(n);
    } else {
      ++count;
    }
    ++n;
    return true;
  });
  a.counts.answer = static_cast<std::uint16_t>(a.counts.answer + count);
  a.scratch.trace.drew(offers, skips, seed, limit, count);
  a.scratch.trace.passed_over = from;
  if (a.tc) return;
  if (count == 0) {
    a.take_back_to(said);
    explain_empty(a, block, chosen);
    return deny(a, where, wire::Rcode::noerror, ttl);
  }
  a.scratch.named.begin();
  std::size_t at = start;
  n = 0;
  offers.each_https(seed, [&](const Entry& entry, const HttpsPort&) {
    if (count == 0) return false;
    if (skips.skipped(n++)) return true;
    --count;
    const std::size_t target = at + 14;
    at += 12U + wire::get16(a.writer.data() + at + 10);
    if (!a.added.is_new(&entry)) return true;  // an instance may have several such ports
    if (entry.has(Entry::kHost)) return add_addresses_of(a, a.writer.data() + target, target);
    if (tail.by_address()) return add_named_address(a, block, entry, target, ttl);
    return add_addresses(a, block, entry, target, ttl);
  });
}

}  // namespace dnsd::serve
