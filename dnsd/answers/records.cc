#include "dnsd/answers/records.h"

#include <algorithm>
#include <limits>
#include <map>
#include <tuple>

namespace dnsd::answers {
namespace {

constexpr std::size_t kMost = std::numeric_limits<std::uint16_t>::max();  // records of a set: no message holds more

std::uint16_t covered(std::uint16_t type, const std::string& rdata) {
  if (type != wire::type::rrsig || rdata.size() < 2) return 0;
  return static_cast<std::uint16_t>(static_cast<std::uint8_t>(rdata[0]) << 8 | static_cast<std::uint8_t>(rdata[1]));
}

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
  out.reserve(std::min(order.size(), kMost));
  for (const std::size_t i : order) {
    if (out.size() < kMost) out.push_back(&rdata[i]);
  }
  return out;
}

}  // namespace

RecordBlockPtr RecordBlock::make(std::span<const RecordSet> sets, std::size_t glue, std::string_view body) {
  const std::size_t start = sizeof(RecordBlock) + sets.size_bytes();
  auto* memory = static_cast<std::uint8_t*>(::operator new(start + body.size()));
  auto* block = new (memory) RecordBlock(start + body.size(), sets.size() - glue, glue);
  std::memcpy(memory + sizeof(RecordBlock), sets.data(), sets.size_bytes());
  if (!body.empty()) std::memcpy(memory + start, body.data(), body.size());
  return RecordBlockPtr(block);
}

RecordBlockPtr RecordBlock::of_set(std::uint16_t type, std::uint32_t ttl, std::uint16_t count,
                                   std::string_view records) {
  if (count == 0) return nullptr;
  const RecordSet set{type, count, ttl, sizeof(RecordBlock) + sizeof(RecordSet), 0, 0};
  return make({&set, 1}, 0, records);
}

void RecordBuilder::merge(Set& set, std::uint32_t ttl, std::string rdata) {
  set.ttl = set.rdata.empty() ? ttl : std::min(set.ttl, ttl);
  set.rdata.push_back(std::move(rdata));
}

void RecordBuilder::add(std::uint16_t type, std::uint32_t ttl, std::string rdata) {
  const std::uint16_t covers = covered(type, rdata);
  auto set =
      std::find_if(sets_.begin(), sets_.end(), [&](const Set& s) { return s.type == type && s.covers == covers; });
  if (set == sets_.end()) set = sets_.insert(set, {type, covers, ttl, {}});
  merge(*set, ttl, std::move(rdata));
}

void RecordBuilder::add_glue(const std::string& server, bool below, std::uint16_t type, std::uint32_t ttl,
                             std::string rdata) {
  auto at =
      std::find_if(glue_.begin(), glue_.end(), [&](const Glue& g) { return g.set.type == type && g.server == server; });
  if (at == glue_.end()) at = glue_.insert(at, {server, below, {type, 0, ttl, {}}});
  merge(at->set, ttl, std::move(rdata));
}

void RecordBuilder::remove(std::uint16_t type) {
  std::erase_if(sets_, [&](const Set& s) { return s.type == type || s.covers == type; });
}

void RecordBuilder::keep_only(std::span<const std::uint16_t> types) {
  std::erase_if(sets_, [&](const Set& s) {
    return std::find(types.begin(), types.end(), s.covers != 0 ? s.covers : s.type) == types.end();
  });
}

const RecordBuilder::Set* RecordBuilder::find(std::uint16_t type) const {
  const auto set = std::find_if(sets_.begin(), sets_.end(), [&](const Set& s) { return s.type == type; });
  return set == sets_.end() ? nullptr : &*set;
}

bool RecordBuilder::has(std::uint16_t type) const { return find(type) != nullptr; }

std::vector<std::string> RecordBuilder::rdata_of(std::uint16_t type) const {
  const Set* set = find(type);
  return set ? set->rdata : std::vector<std::string>{};
}

std::uint32_t RecordBuilder::ttl_of(std::uint16_t type) const {
  const Set* set = find(type);
  return set ? set->ttl : 0;
}

// The heads in the order of the block: sets, then glue by the NS record that it belongs to.
std::vector<std::pair<const RecordBuilder::Set*, RecordSet>> RecordBuilder::layout() const {
  std::vector<std::pair<const Set*, RecordSet>> out;
  for (const Set& set : sets_) out.push_back({&set, {set.type, 0, set.ttl, 0, set.covers, 0}});
  if (glue_.empty()) return out;
  std::map<std::string, std::uint16_t> number;
  const auto servers = rdata_of(wire::type::ns);
  for (const std::string* server : distinct(servers)) {
    number.emplace(*server, static_cast<std::uint16_t>(number.size()));
  }
  const auto first_glue = static_cast<std::ptrdiff_t>(out.size());
  for (const Glue& glue : glue_) {
    const auto at = number.find(glue.server);
    if (at == number.end() || out.size() == kMost) continue;
    const auto below = static_cast<std::uint16_t>(glue.below ? 1 : 0);
    out.push_back({&glue.set, {glue.set.type, 0, glue.set.ttl, 0, at->second, below}});
  }
  std::sort(out.begin() + first_glue, out.end(), [](const auto& a, const auto& b) {
    return std::tie(a.second.covers, a.second.type) < std::tie(b.second.covers, b.second.type);
  });
  return out;
}

RecordBlockPtr RecordBuilder::build() const {
  if (sets_.empty()) return nullptr;
  auto heads = layout();
  std::string body;
  const std::size_t start = sizeof(RecordBlock) + heads.size() * sizeof(RecordSet);
  for (auto& [set, head] : heads) {
    const auto records = distinct(set->rdata);
    head.count = static_cast<std::uint16_t>(records.size());
    head.at = static_cast<std::uint32_t>(start + body.size());
    for (const std::string* rdata : records) {
      const auto length = static_cast<std::uint16_t>(rdata->size());
      body.append(reinterpret_cast<const char*>(&length), 2);
      body += *rdata;
    }
  }
  std::vector<RecordSet> sets;
  sets.reserve(heads.size());
  for (const auto& entry : heads) sets.push_back(entry.second);
  return RecordBlock::make(sets, heads.size() - sets_.size(), body);
}

}  // namespace dnsd::answers
