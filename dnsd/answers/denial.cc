#include "dnsd/answers/denial.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>

#include "dnsd/answers/presentation.h"
#include "dnsd/answers/wire_name.h"
#include "dnsd/answers/zone.h"
#include "dnsd/wire/query.h"
#include "dnsd/wire/writer.h"
//
#include "dnsd/answers/ldns.h"

namespace dnsd::answers {
namespace {

constexpr std::size_t kSha1 = 20;           // octets
constexpr std::size_t kHashLabel = 32;      // the same in base32
constexpr std::uint8_t kSha1Algorithm = 1;  // RFC 5155 11: the only one

struct Labels {
  std::array<std::uint8_t, kMaxLabels + 1> at;
  unsigned count = 0;

  explicit Labels(const std::uint8_t* wire) noexcept {
    for (std::size_t i = 0; wire[i] != 0 && count < kMaxLabels; i += wire[i] + 1U) {
      at[count++] = static_cast<std::uint8_t>(i);
    }
  }
};

int compare_labels(const std::uint8_t* a, const std::uint8_t* b) noexcept {
  const int order = std::memcmp(a + 1, b + 1, std::min(a[0], b[0]));
  return order != 0 ? order : a[0] - b[0];
}

int compare(const std::uint8_t* a, const std::uint8_t* a_at, unsigned a_count, const std::uint8_t* b,
            const std::uint8_t* b_at, unsigned b_count) noexcept {
  for (unsigned i = 1; i <= std::min(a_count, b_count); ++i) {
    if (const int order = compare_labels(a + a_at[a_count - i], b + b_at[b_count - i]); order != 0) return order;
  }
  return a_count == b_count ? 0 : a_count < b_count ? -1 : 1;
}

const std::uint8_t* octets(std::string_view text) { return reinterpret_cast<const std::uint8_t*>(text.data()); }

// The hash in an NSEC3 owner's first label, base32 with the extended hex alphabet (RFC 4648 7), no padding.
std::optional<Nsec3Hash> hash_of(std::string_view owner) {
  if (owner.size() < 1 + kHashLabel || owner[0] != kHashLabel) return std::nullopt;
  Nsec3Hash out{};
  for (std::size_t i = 0; i < kHashLabel; ++i) {
    const char c = owner[1 + i];
    unsigned value = 0;
    if (c >= '0' && c <= '9') {
      value = static_cast<unsigned>(c - '0');
    } else if (c >= 'a' && c <= 'v') {
      value = static_cast<unsigned>(c - 'a') + 10;
    } else {
      return std::nullopt;
    }
    const std::size_t bit = i * 5;
    const unsigned shifted = value << (11 - bit % 8);  // into the 16 bits that begin at the octet of `bit`
    out[bit / 8] = static_cast<std::uint8_t>(out[bit / 8] | shifted >> 8);
    if (bit / 8 + 1 < out.size()) out[bit / 8 + 1] = static_cast<std::uint8_t>(out[bit / 8 + 1] | (shifted & 0xff));
  }
  return out;
}

bool is_signature_of(const StaticRecord& record, std::uint16_t type) {
  return record.type == wire::type::rrsig && record.rdata.size() >= 2 && wire::get16(octets(record.rdata)) == type;
}

}  // namespace

int compare_canonical(std::string_view a, std::string_view b) noexcept {
  const Labels x(octets(a));
  const Labels y(octets(b));
  return compare(octets(a), x.at.data(), x.count, octets(b), y.at.data(), y.count);
}

std::unique_ptr<const Denial> Denial::of(const StaticZone& zone) {
  std::unique_ptr<Denial> out(new Denial);
  RecordBuilder soa;
  for (const StaticRecord& record : zone.records) {
    if (is_signature_of(record, wire::type::soa)) soa.add(record.type, record.ttl, record.rdata);
  }
  if (soa.empty()) return nullptr;
  out->soa_signatures_ = soa.build();
  out->hashed_ = out->read_parameters(zone);
  out->take(zone, out->hashed_ ? wire::type::nsec3 : wire::type::nsec);
  return out;
}

// Flags other than 0 mark parameters that are not in use (RFC 5155 4.1.2).
bool Denial::read_parameters(const StaticZone& zone) {
  for (const StaticRecord& record : zone.records) {
    const auto& rdata = record.rdata;
    if (record.type != wire::type::nsec3param || rdata.size() < 5 || octets(rdata)[0] != kSha1Algorithm ||
        octets(rdata)[1] != 0 || wire::get16(octets(rdata) + 2) > kMaxNsec3Iterations ||
        fold_wire(record.owner) != zone.apex)
      continue;
    parameters_ = rdata.substr(2, 3U + octets(rdata)[4]);
    return true;
  }
  return false;
}

// While a zone changes its parameters two chains are in it; only the one in use is complete.
bool Denial::belongs(const StaticRecord& record) const {
  return !hashed_ || (record.rdata.size() > 2 && octets(record.rdata)[0] == kSha1Algorithm &&
                      std::string_view(record.rdata).substr(2).starts_with(parameters_));
}

void Denial::take(const StaticZone& zone, std::uint16_t type) {
  const auto less = [](const std::string& a, const std::string& b) { return compare_canonical(a, b) < 0; };
  std::map<std::string, RecordBuilder, decltype(less)> owners(less);  // hashes in base32hex sort as the hashes do
  for (const StaticRecord& record : zone.records) {
    if (record.type == type ? !belongs(record) : !is_signature_of(record, type)) continue;
    std::string owner = fold_wire(record.owner);
    if (hashed_ && !hash_of(owner)) continue;
    owners[std::move(owner)].add(record.type, record.ttl, record.rdata);
  }
  std::size_t octets_of_owners = 0;
  for (const auto& [owner, records] : owners) octets_of_owners += owner.size();
  owners_.reserve(octets_of_owners);  // the proofs point into it
  for (const auto& [owner, records] : owners) {
    if (!records.has(type)) continue;  // a signature alone
    const std::size_t at = owners_.size();
    owners_ += owner;
    proofs_.push_back({{octets(owners_) + at, owner.size()}, records.build()});
    if (hashed_) hashes_.push_back(*hash_of(owner));
  }
}

Denial::Place Denial::find(const NameRef& name) const noexcept {
  if (hashed_ || proofs_.empty()) return {};
  std::size_t low = 0;
  std::size_t high = proofs_.size();  // the first one behind the name is in [low, high]
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    const std::uint8_t* owner = proofs_[middle].owner.data();
    const Labels labels(owner);
    const int order = compare(owner, labels.at.data(), labels.count, name.wire, name.label_at, name.labels);
    if (order == 0) return {&proofs_[middle], true};
    if (order < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return {&proofs_[low == 0 ? proofs_.size() - 1 : low - 1], false};
}

// RFC 5155 5: IH(0) = H(name | salt), IH(k) = H(IH(k-1) | salt).
Nsec3Hash Denial::hash(std::span<const std::uint8_t> name) const noexcept {
  std::array<std::uint8_t, kMaxName + 255> buffer;
  std::size_t size = std::min(name.size(), kMaxName);
  const unsigned iterations = wire::get16(octets(parameters_));
  const std::size_t salt = parameters_.size() - 3;  // its length is one octet
  std::memcpy(buffer.data(), name.data(), size);
  Nsec3Hash out{};
  for (unsigned round = 0; round <= iterations; ++round) {
    std::memcpy(buffer.data() + size, parameters_.data() + 3, salt);
    ldns_sha1(buffer.data(), static_cast<unsigned>(size + salt), out.data());
    std::memcpy(buffer.data(), out.data(), kSha1);
    size = kSha1;
  }
  return out;
}

Denial::Place Denial::find(const Nsec3Hash& hash) const noexcept {
  if (hashes_.empty()) return {};
  const auto after = std::upper_bound(hashes_.begin(), hashes_.end(), hash);
  const auto at = static_cast<std::size_t>(after == hashes_.begin() ? hashes_.size() - 1 : after - hashes_.begin() - 1);
  return {&proofs_[at], hashes_[at] == hash};
}

const RecordBlock* Zone::parent_side(std::span<const std::uint8_t> name) const noexcept {
  const std::string_view wanted(reinterpret_cast<const char*>(name.data()), name.size());
  const auto at = std::lower_bound(inside.begin(), inside.end(), wanted,
                                   [](const ParentSide& p, std::string_view n) { return p.name < n; });
  return at != inside.end() && at->name == wanted ? at->records.get() : nullptr;
}

}  // namespace dnsd::answers
