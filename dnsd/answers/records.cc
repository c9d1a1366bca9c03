#include "dnsd/answers/records.h"

#include <algorithm>
#include <tuple>

namespace dnsd::answers {

void RecordBuilder::add(std::uint16_t type, std::uint32_t ttl, std::string rdata) {
  const auto set = std::find_if(sets_.begin(), sets_.end(), [&](const Set& s) { return s.type == type; });
  if (set == sets_.end()) {
    sets_.push_back({type, ttl, {std::move(rdata)}});
    return;
  }
  set->ttl = std::min(set->ttl, ttl);
  set->rdata.push_back(std::move(rdata));
}

void RecordBuilder::remove(std::uint16_t type) {
  std::erase_if(sets_, [&](const Set& s) { return s.type == type; });
}

bool RecordBuilder::has(std::uint16_t type) const {
  return std::any_of(sets_.begin(), sets_.end(), [&](const Set& s) { return s.type == type; });
}

namespace {

// In the order of the first appearance, without repeats; sorting a copy keeps a large set at n log n.
std::vector<const std::string*> distinct(const std::vector<std::string>& rdata) {
  std::vector<std::size_t> order(rdata.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return std::tie(rdata[a], a) < std::tie(rdata[b], b); });
  order.erase(
      std::unique(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return rdata[a] == rdata[b]; }),
      order.end());
  std::sort(order.begin(), order.end());
  std::vector<const std::string*> out;
  out.reserve(std::min<std::size_t>(order.size(), 65535));
  for (const std::size_t i : order) {
    if (out.size() < 65535) out.push_back(&rdata[i]);  // more cannot be in a message
  }
  return out;
}

}  // namespace

RecordBlockPtr RecordBlock::make(std::span<const RecordSet> sets, std::string_view body) {
  const std::size_t start = sizeof(RecordBlock) + sets.size_bytes();
  auto* memory = static_cast<std::uint8_t*>(::operator new(start + body.size()));
  auto* block = new (memory)
      RecordBlock(static_cast<std::uint32_t>(start + body.size()), static_cast<std::uint32_t>(sets.size()));
  std::memcpy(memory + sizeof(RecordBlock), sets.data(), sets.size_bytes());
  std::memcpy(memory + start, body.data(), body.size());
  return RecordBlockPtr(block);
}

RecordBlockPtr RecordBlock::of_set(std::uint16_t type, std::uint32_t ttl, std::uint16_t count,
                                   std::string_view records) {
  if (count == 0) return nullptr;
  const RecordSet set{type, count, ttl, sizeof(RecordBlock) + sizeof(RecordSet)};
  return make({&set, 1}, records);
}

RecordBlockPtr RecordBuilder::build() const {
  if (sets_.empty()) return nullptr;
  std::vector<RecordSet> heads;
  std::string body;
  const std::size_t start = sizeof(RecordBlock) + sets_.size() * sizeof(RecordSet);
  for (const Set& set : sets_) {
    const auto records = distinct(set.rdata);
    heads.push_back({set.type, static_cast<std::uint16_t>(records.size()), set.ttl,
                     static_cast<std::uint32_t>(start + body.size())});
    for (const std::string* rdata : records) {
      const auto length = static_cast<std::uint16_t>(rdata->size());
      body.append(reinterpret_cast<const char*>(&length), 2);
      body += *rdata;
    }
  }
  return RecordBlock::make(heads, body);
}

}  // namespace dnsd::answers
