// The arrays of a block that few services have, or that are made the same way whatever its health.
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <bit>
#include <map>
#include <span>
#include <unordered_map>
#include <utility>

#include "dnsd/answers/block_image.h"
#include "dnsd/answers/wire_name.h"
#include "dnsd/wire/query.h"
#include "registry/validate.h"

namespace dnsd::answers {
namespace {

// The first of equal keys: a table of indexes, open addressing at half load at most.
class Firsts {
 public:
  explicit Firsts(std::size_t most) : table_(std::bit_ceil(2 * most + 2), kNone) {}
  template <class Equal>
  std::uint16_t find_or_add(std::uint64_t hash, std::uint16_t index, Equal equal) {
    const std::size_t mask = table_.size() - 1;
    for (std::size_t i = hash & mask;; i = (i + 1) & mask) {
      if (table_[i] == kNone) table_[i] = index;
      if (table_[i] == index || equal(table_[i])) return table_[i];
    }
  }

 private:
  static constexpr std::uint16_t kNone = 0xffff;  // no index: at most kMaxEntries
  std::vector<std::uint16_t> table_;
};

// The entries from `begin` that one answer may hold together: equally listed, of one priority.
std::size_t tier_end(const ServiceBlock& head, const Items& items, std::size_t begin) {
  const std::size_t most = begin < head.listed ? head.listed : items.size();
  std::size_t end = begin + 1;
  while (end < most && items[end].entry.priority == items[begin].entry.priority) ++end;
  return end;
}

std::span<const std::uint8_t> address_of(const Item& item, bool v6) {
  const auto& a = item.instance->addresses();
  return v6 ? std::span<const std::uint8_t>(a.v6->octets) : std::span<const std::uint8_t>(a.v4->octets);
}

// Fills in the groups of one tier and family. True where an address repeats.
bool group_tier(const ServiceBlock& head, const Items& items, std::size_t begin, std::size_t end, bool v6,
                std::uint16_t* groups) {
  std::uint16_t flag = v6 ? Entry::kAnswerV6 : Entry::kAnswerV4;
  if (begin >= head.listed) flag = v6 ? Entry::kV6 : Entry::kV4;
  Firsts firsts(end - begin);
  bool repeats = false;
  for (std::size_t i = begin; i < end; ++i) {
    groups[i] = static_cast<std::uint16_t>(i);
    if (!items[i].entry.has(flag)) continue;
    const auto own = address_of(items[i], v6);
    groups[i] = firsts.find_or_add(XXH3_64bits(own.data(), own.size()), groups[i], [&](std::uint16_t other) {
      return std::ranges::equal(own, address_of(items[other], v6));
    });
    repeats = repeats || groups[i] != i;
  }
  return repeats;
}

std::string alpn_param(const std::vector<std::string>& alpn) {  // RFC 9460 7.1.1
  std::string value;
  for (const std::string& id : alpn) value += static_cast<char>(id.size()) + id;
  const auto be16 = [](std::size_t v) { return std::string{static_cast<char>(v >> 8), static_cast<char>(v)}; };
  const std::string param = be16(wire::svc_param::alpn) + be16(value.size()) + value;
  const auto length = static_cast<std::uint16_t>(param.size());
  return std::string(reinterpret_cast<const char*>(&length), 2) + param;
}

using MarkKey = std::pair<std::string, bool>;  // folded; a zone

Mark put_mark(Image& image, const MarkKey& key, const std::vector<std::uint16_t>& bearers, std::size_t total) {
  const std::size_t words = (total + 63) / 64;
  Mark mark{image.put(label_wire(key.first)), 0, static_cast<std::uint16_t>(bearers.size()), key.second, false};
  mark.bitmap = bearers.size() * sizeof(std::uint16_t) > words * sizeof(std::uint64_t);
  if (!mark.bitmap) {
    mark.items = image.put(bearers.data(), bearers.size());
    return mark;
  }
  std::vector<std::uint64_t> bits(words);
  for (const std::uint16_t i : bearers) bits[i / 64] |= std::uint64_t{1} << i % 64;
  mark.items = image.put(bits.data(), bits.size());
  return mark;
}

}  // namespace

void put_groups(Image& image, ServiceBlock& head, const Items& items) {
  std::vector<std::uint16_t> groups(2 * items.size());
  bool repeats = false;
  for (std::size_t begin = 0; begin < items.size();) {
    const std::size_t end = tier_end(head, items, begin);
    const bool v4 = group_tier(head, items, begin, end, false, groups.data());
    const bool v6 = group_tier(head, items, begin, end, true, groups.data() + items.size());
    const bool here = v4 || v6;
    if (here && begin == head.tier_begin && head.tier_size != 0) head.flags |= ServiceBlock::kGroups;
    repeats = repeats || here;
    begin = end;
  }
  if (repeats) head.groups = image.put(groups.data(), groups.size());
}

void put_ports(Image& image, ServiceBlock& head, const Items& items) {
  using Offered = std::vector<PortItem>;
  std::map<std::pair<std::string, std::uint8_t>, Offered> ports;
  std::map<std::string_view, std::array<Offered*, 2>> by_spelling;  // most instances have the same few
  const auto list = [&](const std::string& name, std::uint8_t flag) -> Offered& {
    Offered*& known = by_spelling[name][flag == Entry::kTcp ? 0 : 1];
    if (known == nullptr) known = &ports[{registry::fold(name), flag}];
    return *known;
  };
  for (std::size_t i = 0; i < items.size(); ++i) {
    for (const auto& [name, port] : items[i].def->ports) {
      const PortItem item{static_cast<std::uint16_t>(i), port.port};
      if (port.protocols.tcp) list(name, Entry::kTcp).push_back(item);
      if (port.protocols.udp) list(name, Entry::kUdp).push_back(item);
    }
  }
  std::vector<PortName> heads;
  for (const auto& [key, offered] : ports) {
    const auto& [name, flag] = key;
    head.flags |= flag == Entry::kTcp ? ServiceBlock::kNamedTcp : ServiceBlock::kNamedUdp;
    const std::uint32_t text = image.put(label_wire(name));
    heads.push_back(
        {text, image.put(offered.data(), offered.size()), static_cast<std::uint16_t>(offered.size()), flag, 0});
  }
  head.port_names = static_cast<std::uint32_t>(heads.size());
  head.ports = image.put(heads.data(), heads.size());
}

void put_https(Image& image, ServiceBlock& head, const Items& items) {
  std::vector<HttpsPort> ports;
  std::map<std::vector<std::string>, std::uint32_t> known;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const std::size_t own = ports.size();
    for (const auto& [name, port] : items[i].def->ports) {
      if (port.alpn.empty()) continue;
      const auto [param, fresh] = known.try_emplace(port.alpn);
      if (fresh) param->second = image.put(alpn_param(port.alpn));
      // Two names of one port make one record.
      const bool repeats =
          std::any_of(ports.begin() + static_cast<std::ptrdiff_t>(own), ports.end(),
                      [&](const HttpsPort& p) { return p.item.port == port.port && p.alpn == param->second; });
      if (!repeats) ports.push_back({{static_cast<std::uint16_t>(i), port.port}, param->second});
    }
  }
  if (ports.empty()) return;
  head.https = image.put(ports.data(), ports.size());
  head.https_count = static_cast<std::uint32_t>(ports.size());
}

void put_marks(Image& image, ServiceBlock& head, const Items& items) {
  std::map<MarkKey, std::vector<std::uint16_t>> bearers;
  struct Spelled {
    bool known = false;
    std::vector<std::uint16_t>* bearers = nullptr;  // null: cannot be asked for
  };
  std::array<std::unordered_map<std::string_view, Spelled>, 2> by_spelling;  // most instances have the same few
  const auto note = [&](std::string_view text, bool zone, std::size_t i) {
    Spelled& spelled = by_spelling[zone ? 1 : 0][text];
    if (!std::exchange(spelled.known, true) && registry::is_ldh_label(text))
      spelled.bearers = &bearers[{registry::fold(text), zone}];
    if (spelled.bearers == nullptr) return;
    // Tags that differ in case alone are one.
    auto& of_mark = *spelled.bearers;
    if (of_mark.empty() || of_mark.back() != i) of_mark.push_back(static_cast<std::uint16_t>(i));
  };
  for (std::size_t i = 0; i < items.size(); ++i) {
    for (const std::string& tag : items[i].def->tags) note(tag, false, i);
    if (!items[i].def->zone.empty()) note(items[i].def->zone.view(), true, i);
  }
  if (bearers.empty()) return;
  std::vector<Mark> marks;
  for (const auto& [key, of_mark] : bearers) marks.push_back(put_mark(image, key, of_mark, items.size()));
  head.marks = image.put(marks.data(), marks.size());
  head.mark_count = static_cast<std::uint32_t>(marks.size());
}

}  // namespace dnsd::answers
