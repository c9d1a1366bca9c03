// One instance under its own name, whatever its health: w1.worker.corp, the SRV target.
#include <algorithm>

#include "dnsd/serve/srv.h"

namespace dnsd::serve {

using answers::Entry;
using answers::ServiceBlock;

// Ends where the instance's own records end (drain, a resolved host); health does not bear on it.
std::uint32_t direct_ttl(const Answer& a, const ServiceBlock& block, std::uint32_t ends) noexcept {
  return bounded_ttl(block.ttl, block.min_ttl, ends, a.time.tick);
}

bool put_texts(Answer& a, std::uint16_t owner, std::uint32_t ttl, const std::uint8_t* list, unsigned count) noexcept {
  for (; count != 0; --count) {
    std::uint16_t size;
    std::memcpy(&size, list, 2);
    std::uint8_t* p = put_record(a.writer, owner, wire::type::txt, ttl, size);
    if (p == nullptr) {
      a.tc = true;
      return false;
    }
    std::memcpy(p, list + 2, size);
    ++a.counts.answer;
    list += 2 + size;
  }
  return true;
}

std::span<const std::uint8_t> sd_text(const answers::InstanceText& text) noexcept {
  static constexpr std::uint8_t kEmptyString[1] = {0};
  if (text.meta == nullptr) return kEmptyString;
  std::uint16_t count;
  std::memcpy(&count, text.meta, 2);
  const std::uint8_t* p = text.meta + 2;
  std::uint16_t size;
  for (; count != 0; --count) {
    std::memcpy(&size, p, 2);
    p += 2 + size;
  }
  std::memcpy(&size, p, 2);
  return {p + 2, size};
}

namespace {

bool put_address(Answer& a, std::uint16_t owner, std::uint32_t ttl, std::uint16_t type, const std::uint8_t* octets,
                 std::size_t size) noexcept {
  std::uint8_t* p = put_record(a.writer, owner, type, ttl, size);
  a.tc = a.tc || p == nullptr;
  if (p == nullptr) return true;  // there is data, only no room
  std::memcpy(p, octets, size);
  ++a.counts.answer;
  return true;
}

bool put_own_srv(Answer& a, const Where& where, const ServiceBlock& block, const Entry& entry,
                 std::uint32_t ttl) noexcept {
  if (!entry.has(Entry::kTcp | Entry::kUdp)) return false;
  const std::size_t target = put_srv(a, where.asked.pointer(), ttl, block, entry, entry.port, TargetTail(where, block));
  if (target == 0) {
    a.tc = true;
    return true;
  }
  ++a.counts.answer;
  if (entry.has(Entry::kHost)) {
    add_addresses_of(a, a.writer.data() + target, target);
  } else {
    add_addresses(a, block, entry, target);
  }
  return true;
}

bool put_meta(Answer& a, const Where& where, const answers::InstanceText& text, std::uint32_t ttl) noexcept {
  if (text.meta == nullptr) return false;
  std::uint16_t count;
  std::memcpy(&count, text.meta, 2);
  put_texts(a, where.asked.pointer(), ttl, text.meta + 2, count);
  return true;
}

}  // namespace

void respond_instance(Answer& a, const Where& where, const ServiceBlock& block, const Entry& entry) noexcept {
  const answers::InstanceText text = block.text_of(entry);
  std::uint32_t ends = text.ends;
  // Who asks for the target in the SRV record's last moment gets an address that lives min_ttl longer.
  if (ends != UINT32_MAX && a.query.type == wire::type::srv)
    ends -= std::min(ends, block.min_ttl * answers::kTicksPerSecond);
  const std::uint32_t ttl = direct_ttl(a, block, ends);
  const std::uint16_t owner = where.asked.pointer();
  const std::uint16_t before = a.counts.answer;
  bool found = false;
  switch (a.query.type) {
    case wire::type::a:
      found = entry.has(Entry::kV4) && put_address(a, owner, ttl, wire::type::a, entry.v4, 4);
      break;
    case wire::type::aaaa:
      found = entry.has(Entry::kV6) && put_address(a, owner, ttl, wire::type::aaaa, block.v6_of(entry), 16);
      break;
    case wire::type::srv:
      found = put_own_srv(a, where, block, entry, ttl);
      break;
    case wire::type::txt:
      found = put_meta(a, where, text, ttl);
      break;
    case wire::type::any:
      put_hinfo(a, where.asked, ttl);
      return;
    default:
      break;
  }
  a.scratch.trace.took(entry, std::uint32_t{a.counts.answer} - before);
  if (!found) deny(a, where, wire::Rcode::noerror, ttl);
}

}  // namespace dnsd::serve
