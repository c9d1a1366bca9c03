// What a signed zone says of what is not there (RFC 4035 3.1.3, RFC 5155 7.2). The records were signed elsewhere; here
// the ones that belong to an answer are chosen, and written once the answer section is complete.
#include <algorithm>

#include "dnsd/serve/answer.h"

namespace dnsd::serve {
namespace {

using answers::Denial;
using answers::NameRef;
using answers::RecordSet;

NameRef without(const NameRef& name, unsigned labels) noexcept {
  return {name.wire, name.label_at + labels, name.hash + labels, name.size,
          static_cast<std::uint8_t>(name.labels - labels)};
}

std::span<const std::uint8_t> octets(const NameRef& name) noexcept { return {name.label(0), name.suffix_size(0)}; }

void keep(Answer& a, const Where& where, const Denial::Place& place) noexcept {
  if (place.proof == nullptr) return;
  auto& kept = a.scratch.proofs;
  for (unsigned i = 0; i < a.proof_count; ++i) {
    if (kept[i].proof == place.proof) return;  // one record often proves two things
  }
  if (a.proof_count == kept.size()) return;
  kept[a.proof_count++] = {place.proof, where.asked.pointer_to(where.asked.name.labels - where.zone.labels),
                           static_cast<std::uint8_t>(where.zone.apex.size())};
}

// "*." and the asked name from the label `first` on.
struct Asterisk {
  std::array<std::uint8_t, wire::kMaxWireName + 2> wire;
  std::array<std::uint8_t, wire::kMaxLabels + 2> label_at;
  NameRef ref;

  Asterisk(const NameRef& name, unsigned first) noexcept {
    const NameRef encloser = without(name, first);
    wire[0] = 1;
    wire[1] = '*';
    std::memcpy(wire.data() + 2, encloser.label(0), encloser.suffix_size(0));
    label_at[0] = 0;
    for (unsigned i = 0; i <= encloser.labels; ++i) {
      label_at[i + 1] = static_cast<std::uint8_t>(encloser.label_at[i] - encloser.label_at[0] + 2);
    }
    // One that is too long cannot be; then what is looked up is the encloser.
    const std::size_t size = encloser.suffix_size(0) + 2U;
    ref = size > wire::kMaxWireName ? encloser
                                    : NameRef{wire.data(), label_at.data(), nullptr, static_cast<std::uint8_t>(size),
                                              static_cast<std::uint8_t>(encloser.labels + 1)};
  }
};

Denial::Place hashed(const Denial& denial, const NameRef& name) noexcept {
  return denial.find(denial.hash(octets(name)));
}

// RFC 5155 7.2.1: the record of the closest encloser that has one and the record over the name one label longer. Names
// that are only there for unsigned delegations may have none (opt-out); the walk upward ends at the apex and is as long
// as existing names are deep. Returns the label where that encloser begins.
unsigned prove_encloser(Answer& a, const Where& where, unsigned first) noexcept {
  const Denial& denial = *where.zone.denial;
  const unsigned apex = where.asked.name.labels - where.zone.labels;
  for (; first <= apex; ++first) {
    const auto place = hashed(denial, without(where.asked.name, first));
    if (!place.exact) continue;
    keep(a, where, place);
    if (first != 0) keep(a, where, hashed(denial, without(where.asked.name, first - 1)));
    return first;
  }
  return apex;
}

bool put_owned(Answer& a, const PendingProof& proof, std::uint16_t& owner_at, const RecordSet& set) noexcept {
  const auto owner = proof.proof->owner.first(proof.proof->owner.size() - proof.apex_size);
  return proof.proof->records->each(set, [&](std::span<const std::uint8_t> rdata) {
    const std::size_t at = a.writer.size();
    if (owner_at == 0 && !owner.empty()) {  // written out once; the records after it point there
      std::uint8_t* p = a.writer.take(owner.size());
      if (p == nullptr) return false;
      std::memcpy(p, owner.data(), owner.size());
    }
    std::uint8_t* p = put_record(a.writer, owner_at != 0 ? owner_at : proof.apex, set.type, set.ttl, rdata.size());
    if (p == nullptr) {
      a.writer.rewind(at);
      return false;
    }
    if (owner_at == 0) owner_at = owner.empty() ? proof.apex : static_cast<std::uint16_t>(0xc000 | at);
    if (!can_point_at(at)) owner_at = 0;
    std::memcpy(p, rdata.data(), rdata.size());
    ++a.counts.authority;
    return true;
  });
}

}  // namespace

void prove_no_type(Answer& a, const Where& where, unsigned first) noexcept {
  const Denial& denial = *where.zone.denial;
  const NameRef name = without(where.asked.name, first);
  const auto place = denial.hashed() ? hashed(denial, name) : denial.find(name);
  if (denial.hashed() && !place.exact) {
    (void)prove_encloser(a, where, first + 1);
  } else {
    keep(a, where, place);  // of the name, or over an empty non-terminal
  }
}

void prove_no_name(Answer& a, const Where& where) noexcept {
  const Denial& denial = *where.zone.denial;
  if (denial.hashed()) {
    const unsigned encloser = prove_encloser(a, where, where.first_below);
    keep(a, where, hashed(denial, Asterisk(where.asked.name, encloser).ref));
  } else {
    keep(a, where, denial.find(where.asked.name));
    keep(a, where, denial.find(Asterisk(where.asked.name, where.first_below).ref));
  }
}

void prove_wildcard(Answer& a, const Where& where) noexcept {
  const Denial& denial = *where.zone.denial;
  // RFC 5155 7.2.6: the next closer name alone; the signature's label count names the encloser.
  keep(a, where,
       denial.hashed() ? hashed(denial, without(where.asked.name, where.first_below - 1))
                       : denial.find(where.asked.name));
}

void prove_wildcard_no_type(Answer& a, const Where& where) noexcept {
  const Denial& denial = *where.zone.denial;
  const Asterisk asterisk(where.asked.name, where.first_below);
  if (denial.hashed()) {
    (void)prove_encloser(a, where, where.first_below);
    keep(a, where, hashed(denial, asterisk.ref));
  } else {
    keep(a, where, denial.find(asterisk.ref));
    keep(a, where, denial.find(where.asked.name));
  }
}

void put_soa_signatures(Answer& a, const Where& where, std::uint32_t longest, std::uint16_t& count) noexcept {
  const auto* records = where.zone.denial->soa_signatures();
  const RecordSet& set = records->sets().front();
  const std::uint16_t owner = where.asked.pointer_to(where.asked.name.labels - where.zone.labels);
  (void)put_set(a, where, owner, *records, set, longest, count);
}

void put_proofs(Answer& a) noexcept {
  for (unsigned i = 0; i < a.proof_count && !a.tc; ++i) {
    const PendingProof& proof = a.scratch.proofs[i];
    std::uint16_t owner_at = 0;
    for (const RecordSet& set : proof.proof->records->sets()) {  // the chain's record, then its signatures
      a.tc = a.tc || !put_owned(a, proof, owner_at, set);
    }
  }
}

}  // namespace dnsd::serve
