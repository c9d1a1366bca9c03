// Names with records of their own: static owners, apexes, reverse names.
#include "dnsd/serve/answer.h"

namespace dnsd::serve {
namespace {

using answers::RecordBlock;
using answers::RecordSet;
using answers::ZoneKind;

// Where the target name stands in the rdata of types that have one; -1 = none.
int target_offset(std::uint16_t type) noexcept {
  switch (type) {
    case wire::type::ns:
      return 0;
    case wire::type::mx:
      return 2;
    case wire::type::srv:
      return 6;
    default:
      return -1;
  }
}

void put_set(Answer& a, const Asked& asked, const RecordBlock& block, const RecordSet& set) noexcept {
  const std::size_t first = a.writer.size();
  const bool whole = block.each(set, [&](std::span<const std::uint8_t> rdata) {
    std::uint8_t* p = put_record(a.writer, asked.pointer(), set.type, set.ttl, rdata.size());
    if (p == nullptr) return false;
    if (!rdata.empty()) std::memcpy(p, rdata.data(), rdata.size());
    ++a.counts.answer;
    return true;
  });
  a.tc = a.tc || !whole;
  const int target = target_offset(set.type);
  if (a.tc || target < 0) return;
  std::size_t at = first;
  (void)block.each(set, [&](std::span<const std::uint8_t> rdata) {
    const std::size_t target_at = at + 12 + static_cast<unsigned>(target);
    at += 12 + rdata.size();
    return add_addresses_of(a, a.writer.data() + target_at, target_at);
  });
}

void put_apex_soa(Answer& a, const Where& where) noexcept {
  if (put_soa(a, where, where.view.soa_ttl)) {
    ++a.counts.answer;
  } else {
    a.tc = true;
  }
}

}  // namespace

Step respond_records(Answer& a, const Where& where, const RecordBlock* records, std::uint16_t& target_at) noexcept {
  const std::uint16_t type = a.query.type;
  const bool apex = where.asked.name.labels == where.zone.labels;
  if (apex && type == wire::type::soa) {
    put_apex_soa(a, where);
    return Step::done;
  }
  if (records == nullptr && !apex) {  // an empty non-terminal
    deny(a, where, wire::Rcode::noerror, where.view.negative_ttl);
    return Step::done;
  }
  const RecordSet* cname = records ? records->find(wire::type::cname) : nullptr;
  if (cname != nullptr) {
    put_set(a, where.asked, *records, *cname);
    if (a.tc || type == wire::type::cname || type == wire::type::any) return Step::done;
    std::uint16_t size = 0;
    std::memcpy(&size, records->at(cname->at), 2);
    target_at = static_cast<std::uint16_t>(a.writer.size() - size);
    return Step::chase;
  }
  if (type == wire::type::any) {
    put_hinfo(a, where.asked, where.view.negative_ttl);
  } else if (const RecordSet* set = records ? records->find(type) : nullptr) {
    put_set(a, where.asked, *records, *set);
  } else {
    deny(a, where, wire::Rcode::noerror, where.view.negative_ttl);
  }
  return Step::done;
}

}  // namespace dnsd::serve
