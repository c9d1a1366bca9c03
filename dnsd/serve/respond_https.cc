// HTTPS (RFC 9460) at a service's name: one record for each available instance's port that speaks ALPN. The target is
// the instance, so that a client gets an address and a port that belong together.
#include "dnsd/answers/wire_name.h"
#include "dnsd/serve/srv.h"

namespace dnsd::serve {
namespace {

using answers::Entry;
using answers::HttpsPort;
using answers::ServiceBlock;

constexpr std::size_t kPortParam = 6;  // key, length, port

// SvcPriority, target, alpn, port. Where the target stands in the message; 0 = no room.
std::size_t put_https(Answer& a, const Where& where, const ServiceBlock& block, const Entry& entry,
                      const HttpsPort& port, std::uint16_t priority, std::uint32_t ttl,
                      const TargetTail& tail) noexcept {
  const auto* label = block.at<std::uint8_t>(entry.text);
  const auto* host = entry.has(Entry::kHost) ? block.text_of(entry).host : nullptr;
  const std::size_t head = host ? answers::wire_size(host) : label[0] + 1U;
  const std::size_t rest = host ? 0 : tail.size();
  if (head + rest > wire::kMaxWireName) return 0;
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
  note_fail_open(a, block, chosen);
  const TargetTail tail(where, block);
  const Offers offers(block, block.https_ports(), chosen);
  const std::uint64_t seed = prefix_seed(a, block);
  const std::uint32_t limit = block.max_srv == 0 ? UINT32_MAX : block.max_srv;
  const std::size_t start = a.writer.size();
  std::uint32_t count = 0;
  std::uint16_t tier = 0, last = 0;
  offers.each_https(seed, [&](const Entry& entry, const HttpsPort& port) {
    if (count == limit) return false;
    if (tier == 0 || entry.priority != last) ++tier;
    last = entry.priority;
    a.tc = put_https(a, where, block, entry, port, tier, ttl, tail) == 0;
    count += !a.tc;
    return !a.tc;
  });
  a.counts.answer = static_cast<std::uint16_t>(a.counts.answer + count);
  if (a.tc) return;
  if (count == 0) return deny(a, where, wire::Rcode::noerror, ttl);
  std::size_t at = start;
  offers.each_https(seed, [&](const Entry& entry, const HttpsPort&) {
    if (count-- == 0) return false;
    const std::size_t target = at + 14;
    at += 12U + wire::get16(a.writer.data() + at + 10);
    if (!a.added.is_new(&entry)) return true;  // an instance may have several such ports
    if (entry.has(Entry::kHost)) return add_addresses_of(a, a.writer.data() + target, target);
    return add_addresses(a, block, entry, target, ttl);
  });
}

}  // namespace dnsd::serve
