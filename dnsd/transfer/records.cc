#include "dnsd/transfer/records.h"

#include <algorithm>
#include <vector>

namespace dnsd::transfer {
namespace {

template <class T>
void put(std::string& to, T value) {
  to.append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <class T>
T get(const char* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

std::vector<RecordView> sorted(const RecordList& list) {
  std::vector<RecordView> out;
  out.reserve(list.count());
  list.each([&](const RecordView& r) { out.push_back(r); });
  std::ranges::sort(out, {}, &RecordView::packed);
  return out;
}

}  // namespace

void RecordList::add(std::string_view owner, std::uint16_t type, std::uint32_t ttl, std::string_view rdata) {
  octets_.push_back(static_cast<char>(owner.size()));
  octets_ += owner;
  put(octets_, type);
  put(octets_, ttl);
  put(octets_, static_cast<std::uint16_t>(rdata.size()));
  octets_ += rdata;
  ++count_;
}

std::optional<RecordView> RecordList::next(std::size_t& offset) const {
  if (offset >= octets_.size()) return std::nullopt;
  const char* const start = octets_.data() + offset;
  RecordView r;
  r.owner = {start + 1, static_cast<std::uint8_t>(*start)};
  const char* const fixed = start + 1 + r.owner.size();
  r.type = get<std::uint16_t>(fixed);
  r.ttl = get<std::uint32_t>(fixed + 2);
  r.rdata = {fixed + 8, get<std::uint16_t>(fixed + 6)};
  r.packed = {start, static_cast<std::size_t>(r.rdata.data() + r.rdata.size() - start)};
  offset += r.packed.size();
  return r;
}

RecordList without_repeats(const RecordList& list) {
  RecordList out;
  std::string_view last;
  for (const RecordView& r : sorted(list)) {
    if (r.packed != last) out.add(r);
    last = r.packed;
  }
  return out;
}

void append_difference(const RecordList& before, const RecordList& after, Difference& out) {
  const auto old_ones = sorted(before);
  const auto new_ones = sorted(after);
  auto a = old_ones.begin();
  auto b = new_ones.begin();
  while (a != old_ones.end() || b != new_ones.end()) {
    if (b == new_ones.end() || (a != old_ones.end() && a->packed < b->packed)) {
      out.removed.add(*a++);
    } else if (a == old_ones.end() || b->packed < a->packed) {
      out.added.add(*b++);
    } else {
      ++a, ++b;
    }
  }
}

}  // namespace dnsd::transfer
