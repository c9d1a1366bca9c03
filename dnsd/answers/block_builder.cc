#include "dnsd/answers/block_builder.h"

#include <xxhash.h>

#include <algorithm>
#include <cassert>
#include <string>
#include <vector>

#include "dnsd/answers/alias_table.h"
#include "dnsd/answers/block_image.h"
#include "dnsd/answers/consul_names.h"
#include "dnsd/answers/sticky_ranks.h"
#include "dnsd/answers/ticks.h"
#include "dnsd/answers/tiers.h"
#include "dnsd/answers/txt.h"
#include "dnsd/answers/wire_name.h"

namespace dnsd::answers {
namespace {

using registry::Instance;
using registry::Reason;
using registry::Service;

constexpr std::size_t kMaxEntries = 65'535;  // u16 indexes; the registry's own limit is 10,000
constexpr std::uint16_t kOpened = 0x8000;    // of Entry::flags while the block is made

// fail_open answers what ever passed or has no checks, but never what people took out.
bool is_last_resort(const Instance& i) {
  const bool withdrawn = i.reason == Reason::draining || i.reason == Reason::override_down || i.drain_started;
  return !withdrawn && (i.ever_passed || !i.checks || i.checks->empty());
}

// When what stands under the instance's own name ends: its host's addresses, itself after a lease that ended, the
// copies that were handed out before a drain. Until these are measured nothing is handed out that lasts (TTL =
// min_ttl).
std::uint32_t ends_at(const Instance& i, const registry::Now& now) {
  std::uint32_t ends = UINT32_MAX;
  if (!i.def->host.empty() && i.resolved_until) ends = to_ticks(*i.resolved_until);
  if (i.forget_at) ends = std::min(ends, to_ticks(*i.forget_at));
  if (!i.drain_started) return ends;
  if (!i.safe_after) return std::min(ends, to_ticks(now.mono));
  // The tick of an answer is up to 100 ms old, and the coarse clock behind: two ticks earlier no copy is too late.
  return std::min(ends, to_ticks(now.mono + (*i.safe_after - now.wall) - 2 * kTick));
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
    image_.reserve(sizeof(ServiceBlock) + 256 + items_.size() * 64);
    const std::uint32_t entries_at = image_.put<Entry>(nullptr, items_.size());  // written when the offsets are known
    assert(entries_at == sizeof(ServiceBlock));
    put_v6();
    put_label_index();
    if (head_.tier_size != 0) put_draws();
    put_groups(image_, head_, items_);
    put_ports(image_, head_, items_);
    put_https(image_, head_, items_);
    put_marks(image_, head_, items_);
    put_text();
    if ((head_.flags & ServiceBlock::kSticky) != 0) put_names();
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
  void add(const Instance& instance);
  void add_ports(const Instance& instance, Entry& entry);
  [[nodiscard]] TierChoice tier_by_threshold(bool none) const;
  void open(std::optional<std::uint16_t> priority);
  void order();
  void fill_policy();
  void set_tier(std::optional<std::uint16_t> chosen);
  void put_v6();
  void put_label_index();
  void put_draws();
  void put_text();
  void put_names();
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

// An available instance is listed; where too few of them are, so is what may be answered as a last resort.
void Builder::collect() {
  items_.reserve(service_.instances.size());
  for (const auto& [id, instance] : service_.instances) {
    if (items_.size() == kMaxEntries) break;
    add(instance);
  }
  const auto none_has = [&](std::uint16_t flags) {
    return std::ranges::none_of(items_, [&](const Item& item) { return item.entry.has(flags); });
  };
  const auto& policy = service_.policy;
  const bool when_empty = policy.on_empty == registry::OnEmpty::fail_open;
  // The threshold speaks of the service's tiers; what a selector leaves of them has no threshold of its own.
  if (when_empty) head_.flags |= ServiceBlock::kMayOpen;
  std::optional<std::uint16_t> chosen;
  if (when_empty || policy.fail_open_below > 0) {
    // Tiers are counted in addresses: an available host that is not resolved keeps no tier alive.
    const TierChoice choice = tier_by_threshold(none_has(Entry::kAnswerV4 | Entry::kAnswerV6));
    chosen = choice.priority;
    // SRV and CNAME need no address, and SRV leaves the tiers to its clients: with nothing available they get all.
    const bool nothing = none_has(Entry::kAvailable);
    if (nothing || choice.opens) open(nothing ? std::nullopt : chosen);
  }
  order();
  set_tier(chosen);
}

TierChoice Builder::tier_by_threshold(bool none) const {
  std::vector<Tier> tiers;
  Tier* last = nullptr;
  for (const Item& item : items_) {
    const Entry& e = item.entry;
    if (!e.is_member()) continue;
    if (last == nullptr || last->priority != e.priority) {
      const auto found = std::ranges::find(tiers, e.priority, &Tier::priority);
      last = found != tiers.end() ? &*found : &tiers.emplace_back(Tier{.priority = e.priority});
    }
    ++last->members;
    last->available += e.has(Entry::kAnswerV4 | Entry::kAnswerV6);
  }
  std::ranges::sort(tiers, {}, &Tier::priority);
  const bool open_when_empty = none && service_.policy.on_empty == registry::OnEmpty::fail_open;
  return choose_tier(tiers, service_.policy.fail_open_below, open_when_empty);
}

// The tier of that priority, or all of them.
void Builder::open(std::optional<std::uint16_t> priority) {
  for (Item& item : items_) {
    Entry& e = item.entry;
    if (item.instance->available || !e.has(Entry::kLastResort) || (priority && e.priority != *priority)) continue;
    if (e.has(Entry::kV4)) e.flags |= Entry::kAnswerV4;
    if (e.has(Entry::kV6)) e.flags |= Entry::kAnswerV6;
    e.flags |= kOpened;
    head_.flags |= ServiceBlock::kFailOpen;
  }
}

void Builder::order() {
  const auto listed = std::stable_partition(items_.begin(), items_.end(), [](const Item& item) {
    return item.instance->available || item.entry.has(kOpened);
  });
  for (Item& item : items_) item.entry.flags &= static_cast<std::uint16_t>(~kOpened);
  head_.total = static_cast<std::uint16_t>(items_.size());
  head_.listed = static_cast<std::uint16_t>(listed - items_.begin());
  const auto less = [](const Item& a, const Item& b) {
    return a.entry.priority != b.entry.priority ? a.entry.priority < b.entry.priority : a.label < b.label;
  };
  sort_if_needed(items_.begin(), listed, less);
  sort_if_needed(listed, items_.end(), less);
}

void Builder::add(const Instance& instance) {
  const auto& def = *instance.def;
  Item item{&instance, &def, registry::fold(def.label)};
  Entry& e = item.entry;
  e.priority = def.priority;
  e.weight = instance.full_weight;
  e.share = instance.share;
  e.reason = static_cast<std::uint8_t>(instance.reason);
  if (instance.available) e.flags |= Entry::kAvailable;
  if (instance.drain_started) e.flags |= Entry::kDraining;
  if (instance.reason == Reason::guard_held) head_.flags |= ServiceBlock::kGuard;
  const auto& addresses = instance.addresses();
  if (addresses.v4) {
    e.flags |= Entry::kV4;
    if (instance.available && instance.available_v4) e.flags |= Entry::kAnswerV4;
    std::memcpy(e.v4, addresses.v4->octets.data(), 4);
  }
  if (addresses.v6) {
    e.flags |= Entry::kV6;
    if (instance.available && instance.available_v6) e.flags |= Entry::kAnswerV6;
  }
  if (is_last_resort(instance)) e.flags |= Entry::kLastResort;
  if (def.port) add_ports(instance, e);
  if (!def.host.empty()) e.flags |= Entry::kHost;
  if (!def.meta.empty()) e.flags |= Entry::kMeta;
  if (ends_at(instance, now_) != UINT32_MAX) e.flags |= Entry::kEnds;
  items_.push_back(std::move(item));
}

void Builder::add_ports(const Instance& instance, Entry& entry) {
  entry.port = *instance.def->port;
  if (instance.def->protocols.tcp) entry.flags |= Entry::kTcp, head_.flags |= ServiceBlock::kDefaultTcp;
  if (instance.def->protocols.udp) entry.flags |= Entry::kUdp, head_.flags |= ServiceBlock::kDefaultUdp;
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
void Builder::set_tier(std::optional<std::uint16_t> chosen) {
  constexpr std::uint16_t any = Entry::kAnswerV4 | Entry::kAnswerV6;
  const auto end = items_.begin() + head_.listed;
  const auto best = std::find_if(items_.begin(), end, [](const Item& i) { return i.entry.has(any); });
  if (best == end) return;
  const std::uint16_t priority = chosen.value_or(best->entry.priority);
  if (best->entry.priority != priority) head_.flags |= ServiceBlock::kSpilled;
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

void Builder::put_draws() {
  std::vector<std::uint32_t> weights;
  std::uint64_t total = 0;
  bool equal = true;
  for (unsigned i = 0; i < head_.tier_size; ++i) {
    const Entry& e = items_[head_.tier_begin + i].entry;
    weights.push_back(e.has(Entry::kAnswerV4 | Entry::kAnswerV6) ? e.draw_weight() : 0);
    total += weights.back();
    equal = equal && weights.back() == weights.front();
  }
  if (equal || total == 0) return;
  const auto table = build_alias_table(weights);
  head_.alias = image_.put(table.data(), table.size());
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
  if (head_.flags & ServiceBlock::kAlias) head_.cname = image_.put(published_name(registry_, service_.policy.alias));
  if (!service_.policy.meta.empty()) head_.meta = image_.put(meta_rdatas(service_.policy.meta));
}

void Builder::put_names() {
  std::vector<std::uint64_t> names;
  names.reserve(items_.size());
  for (const Item& item : items_) names.push_back(sticky_name(label_wire(item.label)));
  head_.names = image_.put(names.data(), names.size());
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
