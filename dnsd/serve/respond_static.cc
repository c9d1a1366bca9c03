// Names with records of their own: static owners, apexes, reverse names.
#include <algorithm>

#include "dnsd/serve/answer.h"

namespace dnsd::serve {
namespace {

using answers::RecordBlock;
using answers::RecordSet;

constexpr std::size_t kBeforeRdata = 12;  // octets of a record whose owner is a pointer

bool is_beside_cname(std::uint16_t type) noexcept {  // RFC 4034 2.5, 3, 4
  return type == wire::type::rrsig || type == wire::type::nsec;
}

// A name's end that needs no octets of its own, because the asked name in the message ends with it.
struct SharedEnd {
  std::size_t kept;       // octets before it
  std::uint16_t pointer;  // to it; 0 = nothing is shared
};

bool same_label(const std::uint8_t* label, const std::uint8_t* folded) noexcept {
  if (label[0] != folded[0]) return false;
  return std::equal(label + 1, label + 1 + label[0], folded + 1,
                    [](std::uint8_t x, std::uint8_t y) { return (x >= 'A' && x <= 'Z' ? x + 32 : x) == y; });
}

SharedEnd shared_end(const Asked& asked, const std::uint8_t* name) noexcept {
  std::array<std::uint8_t, wire::kMaxLabels + 1> at;
  unsigned labels = 0;
  std::size_t size = 0;
  for (; name[size] != 0 && labels < wire::kMaxLabels; size += name[size] + 1U) {
    at[labels++] = static_cast<std::uint8_t>(size);
  }
  unsigned shared = 0;
  while (shared < labels && shared < asked.name.labels &&
         same_label(name + at[labels - 1 - shared], asked.name.label(asked.name.labels - 1 - shared))) {
    ++shared;
  }
  if (shared == 0) return {size + 1, 0};
  return {at[labels - shared], asked.pointer_to(asked.name.labels - shared)};
}

// Only names in rdata of RFC 1035's types may be compressed (RFC 3597 4). CNAME's stays whole: the chain goes on there.
bool put_compressed(Answer& a, const Asked& asked, std::uint16_t owner, std::uint16_t type, std::uint32_t ttl,
                    std::span<const std::uint8_t> rdata) noexcept {
  const std::size_t before = type == wire::type::mx ? 2 : 0;
  const SharedEnd end = shared_end(asked, rdata.data() + before);
  const std::size_t size = before + end.kept;
  std::uint8_t* p = put_record(a.writer, owner, type, ttl, end.pointer != 0 ? size + 2 : size);
  if (p == nullptr) return false;
  std::memcpy(p, rdata.data(), size);
  if (end.pointer != 0) wire::put16(p + size, end.pointer);
  return true;
}

bool put_plain(Answer& a, std::uint16_t owner, std::uint16_t type, std::uint32_t ttl,
               std::span<const std::uint8_t> rdata) noexcept {
  std::uint8_t* p = put_record(a.writer, owner, type, ttl, rdata.size());
  if (p != nullptr && !rdata.empty()) std::memcpy(p, rdata.data(), rdata.size());
  return p != nullptr;
}

bool put_records(Answer& a, const Asked& asked, std::uint16_t owner, const RecordBlock& block, const RecordSet& set,
                 std::uint32_t ttl, std::uint16_t& count) noexcept {
  const bool compressed = set.type == wire::type::ns || set.type == wire::type::mx;
  const bool whole = block.each(set, [&](std::span<const std::uint8_t> rdata) {
    const bool put =
        compressed ? put_compressed(a, asked, owner, set.type, ttl, rdata) : put_plain(a, owner, set.type, ttl, rdata);
    count = static_cast<std::uint16_t>(count + (put ? 1 : 0));
    return put;
  });
  a.tc = a.tc || !whole;
  return whole;
}

void put_apex_soa(Answer& a, const Where& where) noexcept {
  if (!put_soa(a, where, where.view.soa_ttl)) {
    a.tc = true;
    return;
  }
  ++a.counts.answer;
  if (wants_proofs(a, where.zone)) put_soa_signatures(a, where, UINT32_MAX, a.counts.answer);
}

void deny_type(Answer& a, const Where& where, bool wildcard) noexcept {
  const bool soon = wildcard && could_be_registered(where);
  deny(a, where, wire::Rcode::noerror, soon ? kSoonTtl : where.view.negative_ttl);
  if (!wants_proofs(a, where.zone)) return;
  if (wildcard) {
    prove_wildcard_no_type(a, where);
  } else {
    prove_no_type(a, where, 0);
  }
}

// RFC 8482 4.2: a made-up HINFO. A signed zone has none to sign; there one set answers (4.1).
void respond_any(Answer& a, const Where& where, const Source& source) noexcept {
  if (wants_proofs(a, where.zone) && source.records != nullptr) {
    const RecordSet& set = source.records->sets().front();
    (void)put_set(a, where, where.asked.pointer(), *source.records, set, source.longest, a.counts.answer);
  } else {
    put_hinfo(a, where.asked, std::min(source.longest, where.view.negative_ttl));
  }
}

// All sets of the type: one, but for signatures. False: there is none.
bool respond_type(Answer& a, const Where& where, const Source& source) noexcept {
  const std::uint16_t type = a.query.type;
  bool found = false;
  for (const RecordSet& set : source.records->sets()) {
    if (set.type != type) continue;
    found = true;
    const std::size_t first = a.writer.size();
    if (!put_set(a, where, where.asked.pointer(), *source.records, set, source.longest, a.counts.answer)) return true;
    if (target_offset(type) >= 0) {
      a.scratch.targets = {source.records, &set, first, where.asked, nullptr};
      a.has_targets = true;
    }
  }
  return found;
}

}  // namespace

int target_offset(std::uint16_t type) noexcept {
  switch (type) {
    case wire::type::ns:
      return 0;
    case wire::type::mx:
    case wire::type::svcb:
    case wire::type::https:
      return 2;
    case wire::type::srv:
      return 6;
    default:
      return -1;
  }
}

bool put_set(Answer& a, const Where& where, std::uint16_t owner, const RecordBlock& block, const RecordSet& set,
             std::uint32_t longest, std::uint16_t& count) noexcept {
  if (!put_records(a, where.asked, owner, block, set, std::min(set.ttl, longest), count)) return false;
  if (!wants_proofs(a, where.zone) || set.type == wire::type::rrsig) return true;
  const RecordSet* signatures = block.signatures_of(set.type);
  if (signatures == nullptr) return true;
  return put_records(a, where.asked, owner, block, *signatures, std::min(set.ttl, longest), count);
}

Step respond_records(Answer& a, const Where& where, const Source& source, std::uint16_t& target_at) noexcept {
  const std::uint16_t type = a.query.type;
  const RecordBlock* records = source.records;
  const bool apex = where.asked.name.labels == where.zone.labels;
  if (apex && type == wire::type::soa) {
    put_apex_soa(a, where);
    return Step::done;
  }
  const RecordSet* cname = records ? records->find(wire::type::cname) : nullptr;
  if (cname != nullptr && is_beside_cname(type) && records->find(type) != nullptr) cname = nullptr;
  if (cname != nullptr) {
    const std::size_t first = a.writer.size();
    if (!put_set(a, where, where.asked.pointer(), *records, *cname, source.longest, a.counts.answer)) return Step::done;
    target_at = static_cast<std::uint16_t>(first + kBeforeRdata);
    return type == wire::type::cname || type == wire::type::any ? Step::done : Step::chase;
  }
  if (type == wire::type::any && (records != nullptr || apex)) {
    respond_any(a, where, source);
  } else if (records == nullptr || !respond_type(a, where, source)) {
    deny_type(a, where, source.wildcard);
  }
  return Step::done;
}

}  // namespace dnsd::serve
