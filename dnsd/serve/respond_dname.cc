// Names below a DNAME (RFC 6672): the record itself, and a CNAME made of it for the client that does not know DNAME.
#include <algorithm>

#include "dnsd/serve/answer.h"

namespace dnsd::serve {
namespace {

constexpr std::uint32_t kRewrittenTtl = 5;  // of names that a registration could take

struct Rewritten {
  std::array<std::uint8_t, wire::kMaxWireName> wire;
  std::size_t size = 0;  // 0 = too long
};

// The labels before the DNAME's owner, spelled as asked, then its target.
Rewritten rewrite(Answer& a, const Where& where, std::span<const std::uint8_t> target) noexcept {
  Rewritten out;
  const std::size_t before = where.asked.name.label_at[where.first_below];
  if (before + target.size() > out.wire.size()) return out;
  std::memcpy(out.wire.data(), a.writer.data() + where.asked.at, before);
  std::memcpy(out.wire.data() + before, target.data(), target.size());
  out.size = before + target.size();
  return out;
}

}  // namespace

Step respond_dname(Answer& a, const Where& where, std::uint16_t& target_at) noexcept {
  const auto* records = where.node.records.load(std::memory_order_acquire);
  const auto* set = records != nullptr ? records->find(wire::type::dname) : nullptr;
  if (set == nullptr) {  // it ended with a reload this moment
    deny_name(a, where);
    return Step::done;
  }
  const std::uint32_t longest = could_be_registered(where) ? kRewrittenTtl : UINT32_MAX;
  const std::uint16_t owner = where.asked.pointer_to(where.first_below);
  // A chain may come by the same DNAME twice; a record stands once in a message.
  if (a.added.is_new(set) && !put_set(a, where, owner, *records, *set, longest, a.counts.answer)) return Step::done;
  Rewritten name;
  (void)records->each(*set, [&](std::span<const std::uint8_t> rdata) {
    name = rewrite(a, where, rdata);
    return false;  // there is one
  });
  if (name.size == 0) {  // RFC 6672 2.2
    a.rcode = wire::Rcode::yxdomain;
    return Step::done;
  }
  const std::uint32_t ttl = std::min(set->ttl, longest);
  std::uint8_t* p = put_record(a.writer, where.asked.pointer(), wire::type::cname, ttl, name.size);
  if (p == nullptr) {
    a.tc = true;
    return Step::done;
  }
  std::memcpy(p, name.wire.data(), name.size);
  ++a.counts.answer;
  target_at = static_cast<std::uint16_t>(p - a.writer.data());
  return a.query.type == wire::type::cname ? Step::done : Step::chase;  // RFC 6672 3.2: for ANY it goes on
}

}  // namespace dnsd::serve
