#include "dnsd/answers/block_builder.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <map>
#include <string>
#include <vector>

#include "dnsd/answers/alias_table.h"
#include "dnsd/answers/sticky_ranks.h"
#include "dnsd/answers/ticks.h"
#include "dnsd/answers/txt.h"
#include "dnsd/answers/wire_name.h"

namespace dnsd::answers {
namespace {

using registry::Instance;
using registry::Protocol;
using registry::Reason;
using registry::Service;

constexpr std::size_t kMaxEntries = 65'535;  // u16 indexes; the registry's own limit is 10,000

struct Item {
  const Instance* instance;
  const registry::InstanceDef* def;
  std::string label;  // folded
  Entry entry{};
};

// Registered in the order of their ids, which are the labels as a rule: sorted already, so a look saves the sorting.
template <class It, class Less>
void sort_if_needed(It begin, It end, Less less) {
  if (!std::is_sorted(begin, end, less)) std::sort(begin, end, less);
}

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

// Appends arrays to one growing image of the block; offsets are from its start.
class Image {
 public:
  Image() : bytes_(sizeof(ServiceBlock)) {}
  void reserve(std::size_t octets) { bytes_.reserve(octets); }
  template <class T>
  std::uint32_t put(const T* items, std::size_t count) {
    bytes_.resize((bytes_.size() + alignof(T) - 1) / alignof(T) * alignof(T));
    const auto at = static_cast<std::uint32_t>(bytes_.size());
    bytes_.resize(bytes_.size() + count * sizeof(T));
    if (items != nullptr) overwrite(at, items, count);
    return at;
  }
  std::uint32_t put(std::string_view text) { return put(text.data(), text.size()); }
  // A placeholder to be overwritten when the offsets inside are known.
  template <class T>
  void overwrite(std::uint32_t at, const T* items, std::size_t count) {
    if (count != 0) std::memcpy(bytes_.data() + at, items, count * sizeof(T));
  }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  [[nodiscard]] const std::uint8_t* data() const { return bytes_.data(); }

 private:
  std::vector<std::uint8_t> bytes_;
};

// fail_open answers what ever passed or has no checks, but never what people took out.
bool is_last_resort(const Instance& i) {
  const bool withdrawn = i.reason == Reason::draining || i.reason == Reason::override_down || i.drain_started;
  return !withdrawn && (i.ever_passed || !i.checks || i.checks->empty());
}

std::uint32_t ends_at(const Instance& i, const registry::Now& now) {
  std::uint32_t ends = UINT32_MAX;
  if (!i.def->host.empty() && i.resolved_until) ends = to_ticks(*i.resolved_until);
  if (i.safe_after) ends = std::min(ends, to_ticks(now.mono + (*i.safe_after - now.wall)));
  return ends;
}

std::string meta_rdatas(const registry::Meta& meta) {
  const auto sized = [](std::string rdata) {
    const auto length = static_cast<std::uint16_t>(rdata.size());
    return std::string(reinterpret_cast<const char*>(&length), 2) + rdata;
  };
  const auto count = static_cast<std::uint16_t>(std::min<std::size_t>(meta.size(), 65535));
  std::string out(reinterpret_cast<const char*>(&count), 2);
  for (const auto& [key, value] : meta) out += sized(rfc1464_rdata(key, value));
  return out + sized(dns_sd_rdata(meta));
}

class Builder {
 public:
  Builder(const registry::Registry& registry, const Service& service, const registry::Now& now)
      : registry_(registry), service_(service), now_(now) {}

  ServiceBlockPtr build(bool ranked, const ServiceBlock* before) {
    collect();
    fill_policy();
    choose_tier();
    image_.reserve(sizeof(ServiceBlock) + 256 + items_.size() * 64);
    const std::uint32_t entries_at = image_.put<Entry>(nullptr, items_.size());  // written when the offsets are known
    assert(entries_at == sizeof(ServiceBlock));
    put_v6();
    put_label_index();
    if (head_.tier_size != 0) put_tier();
    put_ports();
    put_text();
    image_.overwrite(entries_at, entries().data(), items_.size());
    if (ranked && head_.tier_size != 0 && (head_.flags & ServiceBlock::kSticky) != 0) put_ranks(before);
    head_.size = static_cast<std::uint32_t>(image_.size());
    auto* memory = ::operator new(image_.size());
    std::memcpy(memory, image_.data(), image_.size());
    auto* block = new (memory) ServiceBlock(head_);
    return ServiceBlockPtr(block);
  }

 private:
  void collect();
  void add(const Instance& instance, bool last_resort);
  void fill_policy();
  void choose_tier();
  void put_v6();
  void put_label_index();
  void put_tier();
  void put_groups();
  void put_ports();
  void put_text();
  void put_ranks(const ServiceBlock* before);
  std::string text_of(Item& item) const;
  [[nodiscard]] std::vector<Entry> entries() const {
    std::vector<Entry> out;
    out.reserve(items_.size());
    for (const Item& item : items_) out.push_back(item.entry);
    return out;
  }

  const registry::Registry& registry_;
  const Service& service_;
  const registry::Now& now_;
  ServiceBlock head_{};
  std::vector<Item> items_;
  Image image_;
};

void Builder::collect() {
  const bool none = std::none_of(service_.instances.begin(), service_.instances.end(),
                                 [](const auto& i) { return i.second.available; });
  const bool open = none && service_.policy.on_empty == registry::OnEmpty::fail_open;
  items_.reserve(service_.instances.size());
  for (const auto& [id, instance] : service_.instances) {
    if (items_.size() == kMaxEntries) break;
    add(instance, open && is_last_resort(instance));
  }
  const auto listed = std::stable_partition(items_.begin(), items_.end(), [&](const Item& item) {
    return item.instance->available || (open && is_last_resort(*item.instance));
  });
  head_.total = static_cast<std::uint16_t>(items_.size());
  head_.listed = static_cast<std::uint16_t>(listed - items_.begin());
  if (open && head_.listed != 0) head_.flags |= ServiceBlock::kFailOpen;
  const auto text_less = [](const Item& a, const Item& b) { return a.label < b.label; };
  sort_if_needed(items_.begin(), listed, [&](const Item& a, const Item& b) {
    return a.entry.priority != b.entry.priority ? a.entry.priority < b.entry.priority : text_less(a, b);
  });
  sort_if_needed(listed, items_.end(), text_less);
}

void Builder::add(const Instance& instance, bool last_resort) {
  const auto& def = *instance.def;
  Item item{&instance, &def, registry::fold(def.label)};
  Entry& e = item.entry;
  e.priority = def.priority;
  e.weight = last_resort && instance.effective_weight == 0 ? def.weight : instance.effective_weight;
  e.reason = static_cast<std::uint8_t>(instance.reason);
  const auto& addresses = instance.addresses();
  if (addresses.v4) {
    e.flags |= Entry::kV4;
    if (last_resort || (instance.available && instance.available_v4)) e.flags |= Entry::kAnswerV4;
    std::memcpy(e.v4, addresses.v4->octets.data(), 4);
  }
  if (addresses.v6) {
    e.flags |= Entry::kV6;
    if (last_resort || (instance.available && instance.available_v6)) e.flags |= Entry::kAnswerV6;
  }
  if (def.port) {
    e.port = *def.port;
    if (def.protocols.tcp) e.flags |= Entry::kTcp, head_.flags |= ServiceBlock::kDefaultTcp;
    if (def.protocols.udp) e.flags |= Entry::kUdp, head_.flags |= ServiceBlock::kDefaultUdp;
  }
  if (!def.host.empty()) e.flags |= Entry::kHost;
  if (!def.meta.empty()) e.flags |= Entry::kMeta;
  if (ends_at(instance, now_) != UINT32_MAX) e.flags |= Entry::kEnds;
  items_.push_back(std::move(item));
}

void Builder::fill_policy() {
  const auto& policy = service_.policy;
  head_.revision = service_.index;
  head_.seed = service_seed(service_.name.key());
  head_.ttl = whole_seconds(registry_.ttl_of(service_));
  head_.min_ttl = whole_seconds(registry_.min_ttl_of(service_));
  head_.available = static_cast<std::uint32_t>(service_.available);
  const auto bounded = [](int n) { return static_cast<std::uint16_t>(std::clamp(n, 0, 65535)); };
  head_.max_answers = bounded(registry_.max_answers_of(service_));
  head_.max_srv = bounded(registry_.max_srv_of(service_));
  if (!policy.alias.empty()) head_.flags |= ServiceBlock::kAlias;
  if (policy.publish == registry::Publish::cname) head_.flags |= ServiceBlock::kPublishCname;
  if (policy.on_empty == registry::OnEmpty::servfail) head_.flags |= ServiceBlock::kServfail;
  if (policy.order == registry::Order::stable) head_.flags |= ServiceBlock::kStable;
  if (policy.order == registry::Order::sticky) head_.flags |= ServiceBlock::kSticky;
}

// The tier is chosen over both families, so AAAA never comes from another tier than A.
void Builder::choose_tier() {
  constexpr std::uint16_t any = Entry::kAnswerV4 | Entry::kAnswerV6;
  const auto end = items_.begin() + head_.listed;
  const auto first = std::find_if(items_.begin(), end, [](const Item& i) { return i.entry.has(any); });
  if (first == end) return;
  const std::uint16_t priority = first->entry.priority;
  const auto begin = std::find_if(items_.begin(), end, [&](const Item& i) { return i.entry.priority == priority; });
  const auto last = std::find_if(begin, end, [&](const Item& i) { return i.entry.priority != priority; });
  head_.tier_begin = static_cast<std::uint16_t>(begin - items_.begin());
  head_.tier_size = static_cast<std::uint16_t>(last - begin);
  const auto families = [](const Item& i) { return i.entry.flags & any; };
  const auto same = families(*begin);
  if (std::all_of(begin, last, [&](const Item& i) { return families(i) == same; }))
    head_.flags |= ServiceBlock::kUniform;
}

void Builder::put_v6() {
  std::vector<std::uint8_t> addresses;
  for (Item& item : items_) {
    if (!item.entry.has(Entry::kV6)) continue;
    item.entry.v6 = static_cast<std::uint16_t>(addresses.size() / 16);
    const auto& octets = item.instance->addresses().v6->octets;
    addresses.insert(addresses.end(), octets.begin(), octets.end());
  }
  head_.v6 = image_.put(addresses.data(), addresses.size());
}

void Builder::put_label_index() {
  std::vector<std::uint16_t> order(items_.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::uint16_t>(i);
  sort_if_needed(order.begin(), order.end(),
                 [&](std::uint16_t a, std::uint16_t b) { return items_[a].label < items_[b].label; });
  head_.labels = image_.put(order.data(), order.size());
}

void Builder::put_tier() {
  std::vector<std::uint32_t> weights;
  std::uint32_t total = 0;
  bool equal = true;
  for (unsigned i = 0; i < head_.tier_size; ++i) {
    const Entry& e = items_[head_.tier_begin + i].entry;
    weights.push_back(e.has(Entry::kAnswerV4 | Entry::kAnswerV6) ? e.weight : 0);
    total += weights.back();
    equal = equal && weights.back() == weights.front();
  }
  if (!equal && total != 0) {
    const auto table = build_alias_table(weights);
    head_.alias = image_.put(table.data(), table.size());
  }
  put_groups();
}

void Builder::put_groups() {
  const unsigned n = head_.tier_size;
  std::vector<std::uint16_t> groups(2 * n);
  const auto address = [&](std::size_t i, bool v6) {
    const auto& a = items_[head_.tier_begin + i].instance->addresses();
    return v6 ? std::span<const std::uint8_t>(a.v6->octets) : std::span<const std::uint8_t>(a.v4->octets);
  };
  bool repeats = false;
  for (const bool v6 : {false, true}) {
    Firsts firsts(n);
    for (unsigned i = 0; i < n; ++i) {
      auto& group = groups[(v6 ? n : 0) + i] = static_cast<std::uint16_t>(i);
      if (!items_[head_.tier_begin + i].entry.has(v6 ? Entry::kV6 : Entry::kV4)) continue;
      const auto own = address(i, v6);
      group = firsts.find_or_add(XXH3_64bits(own.data(), own.size()), group,
                                 [&](std::uint16_t other) { return std::ranges::equal(own, address(other, v6)); });
      repeats = repeats || group != i;
    }
  }
  if (!repeats) return;
  head_.flags |= ServiceBlock::kGroups;
  head_.groups = image_.put(groups.data(), groups.size());
}

void Builder::put_ports() {
  using Items = std::vector<PortItem>;
  std::map<std::pair<std::string, std::uint8_t>, Items> ports;
  std::map<std::string_view, std::array<Items*, 2>> by_spelling;  // most instances have the same few
  const auto list = [&](const std::string& name, std::uint8_t flag) -> Items& {
    Items*& known = by_spelling[name][flag == Entry::kTcp ? 0 : 1];
    if (known == nullptr) known = &ports[{registry::fold(name), flag}];
    return *known;
  };
  for (std::size_t i = 0; i < items_.size(); ++i) {
    for (const auto& [name, port] : items_[i].def->ports) {
      const PortItem item{static_cast<std::uint16_t>(i), port.port};
      if (port.protocols.tcp) list(name, Entry::kTcp).push_back(item);
      if (port.protocols.udp) list(name, Entry::kUdp).push_back(item);
    }
  }
  std::vector<PortName> heads;
  for (const auto& [key, items] : ports) {
    const auto& [name, flag] = key;
    head_.flags |= flag == Entry::kTcp ? ServiceBlock::kNamedTcp : ServiceBlock::kNamedUdp;
    const std::uint32_t text = image_.put(label_wire(name));
    heads.push_back({text, image_.put(items.data(), items.size()), static_cast<std::uint16_t>(items.size()), flag, 0});
  }
  head_.port_names = static_cast<std::uint32_t>(heads.size());
  head_.ports = image_.put(heads.data(), heads.size());
}

std::string Builder::text_of(Item& item) const {
  const auto& def = *item.def;
  std::string text = label_wire(def.label);
  if (item.entry.has(Entry::kEnds)) {
    const std::uint32_t tick = ends_at(*item.instance, now_);
    text.append(reinterpret_cast<const char*>(&tick), sizeof tick);
  }
  if (item.entry.has(Entry::kHost)) text += to_wire(def.host);
  if (item.entry.has(Entry::kMeta)) text += meta_rdatas(def.meta);
  return text;
}

void Builder::put_text() {
  head_.label = image_.put(label_wire(service_.name.first_label()));
  for (Item& item : items_) item.entry.text = image_.put(text_of(item));
  if (head_.flags & ServiceBlock::kAlias) head_.cname = image_.put(to_wire(service_.policy.alias));
  if (!service_.policy.meta.empty()) head_.meta = image_.put(meta_rdatas(service_.policy.meta));
}

void Builder::put_ranks(const ServiceBlock* before) {
  image_.overwrite(0, &head_, 1);  // the image is a block from here on, all but the ranks
  const auto ranks = sticky_ranks(*reinterpret_cast<const ServiceBlock*>(image_.data()), before);
  head_.ranked = ranks.width;
  head_.ranks = image_.put(ranks.entries.data(), ranks.entries.size());
}

}  // namespace

ServiceBlockPtr build_block(const registry::Registry& registry, const Service& service, const registry::Now& now) {
  return Builder(registry, service, now).build(false, nullptr);
}

ServiceBlockPtr build_ranked_block(const registry::Registry& registry, const Service& service, const registry::Now& now,
                                   const ServiceBlock* before) {
  return Builder(registry, service, now).build(true, before);
}

std::uint64_t service_seed(std::string_view folded) { return XXH3_64bits(folded.data(), folded.size()); }

}  // namespace dnsd::answers
