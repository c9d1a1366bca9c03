// The services of a generation: blocks, horizons, the lists of services.
#include <algorithm>
#include <utility>

#include "dnsd/answers/consul_names.h"
#include "dnsd/answers/generation.h"
#include "dnsd/answers/ticks.h"
#include "dnsd/answers/wire_name.h"
#include "dnsd/wire/query.h"
#include "registry/validate.h"

namespace dnsd::answers {
namespace {

// More pointers than this do not fit 65,535 octets at 32 octets each; a larger list is cut, by name.
constexpr std::size_t kMaxListed = 2048;

std::uint32_t namespace_ttl(const registry::NamespaceDef& def) {
  return static_cast<std::uint32_t>(std::chrono::floor<std::chrono::seconds>(def.ttl).count());
}

// The tick that a worker notes is up to 100 ms old by then, and the coarse clock that it is read from a few behind.
constexpr std::uint32_t kLate = 2;

std::uint32_t latest(const std::vector<Node*>& nodes) {
  std::uint32_t last = 0;
  for (const Node* node : nodes) last = std::max(last, node->last_sent.load(std::memory_order_relaxed));
  return last == 0 ? 0 : last + kLate;
}

bool was_browsed(const std::vector<Node*>& nodes) {
  return std::ranges::any_of(nodes, [](const Node* node) { return node->browsed.load(std::memory_order_relaxed); });
}

}  // namespace

void Generation::retire(ServiceBlockPtr old) {
  if (!old) return;
  block_bytes_ -= old->size;
  if (old->has(ServiceBlock::kFailOpen)) --fail_open_;
  if (attached_) reclaimer_.retire([p = std::move(old)] {});
}

// Names that an alias's apex or a layout makes too long for this service are left out.
std::vector<Node*> Generation::acquire_service(const Space& space, const registry::Service& service,
                                               const ServiceBlock& block, std::uint32_t horizon) {
  std::vector<Node*> nodes;
  const std::string label = fold_wire(label_wire(service.name.first_label()));
  for (const Place& place : space.places) {
    for (const std::string& end : place.ends) {
      const std::string name = label + end;
      if (name.size() > kMaxName || is_in_zone_below(end, place)) continue;
      nodes.push_back(&tree_.acquire(name, {.service = &block, .records = nullptr, .horizon = horizon}));
    }
  }
  return nodes;
}

// A zone of its own stands where the layout has its names.
bool Generation::is_in_zone_below(std::string_view name, const Place& place) const {
  for (; name.size() > place.apex.size(); name = parent_wire(name)) {
    if (apexes_.contains(name)) return true;
  }
  return false;
}

SharedRecords Generation::shared_records(const Space& space, const registry::Service& service,
                                         std::uint32_t ttl) const {
  SharedRecords out;
  for (const auto& [name, target] : pointers_of(service, space.def, prefixes_)) {
    // Where a zone file stands for the reverse name, its records are not written over.
    if (is_live_reverse(name)) out.insert({name, wire::type::ptr, target, ttl});
  }
  for (const Place& place : space.places) {
    if (place.layout != registry::Layout::consul) continue;
    for (const std::string& end : consul_parents("node", place.apex, space.def.datacenter)) {
      if (!is_in_zone_below(end, place)) add_node_records(service, end, namespace_ttl(space.def), out);
    }
  }
  return out;
}

void Generation::put_service(const registry::Registry& registry, const registry::Service& service,
                             const registry::Now& now) {
  const std::string& key = service.name.key();
  const auto space = spaces_.find(service.apex);
  if (service.shadowed || space == spaces_.end()) {
    remove_service(key, now);
    return;
  }
  const bool fresh = !services_.contains(key);
  Published& published = services_[key];
  if (fresh) published.copies_until = departed_.take(key);
  ServiceBlockPtr block = build_ranked_block(registry, service, now, published.block.get());
  block_bytes_ += block->size;
  if (block->has(ServiceBlock::kFailOpen)) ++fail_open_;
  const std::uint32_t horizon = to_ticks(service.horizon);
  published.apex = service.apex;
  if (published.nodes.empty()) {
    published.nodes = acquire_service(space->second, service, *block, horizon);
  } else {
    for (Node* node : published.nodes) {  // see service_ttl() for the order
      if (horizon < node->horizon.load(std::memory_order_relaxed))
        node->horizon.store(horizon, std::memory_order_relaxed);
      tree_.set_service(*node, block.get());
      node->horizon.store(horizon, std::memory_order_release);
    }
    if (published.block) published.block->note_replaced(options_.clock());
  }
  keep_copies(published, *block, now);
  auto shared = shared_records(space->second, service, block->ttl);
  shared_.replace(published.shared, shared);
  published.shared = std::move(shared);
  list(space->second, key,
       {std::string(service.name.first_label()),
        block->has(ServiceBlock::kDefaultTcp) && !block->has(ServiceBlock::kAlias),
        block->has(ServiceBlock::kDefaultUdp) && !block->has(ServiceBlock::kAlias)});
  retire(std::exchange(published.block, std::move(block)));
}

void Generation::remove_service(const std::string& key, const registry::Now& now) {
  const auto at = services_.find(key);
  if (at == services_.end()) return;
  Published& published = at->second;
  // A worker may send one more answer from the block of before.
  const std::uint32_t last = to_ticks(now.mono) + kLate + published.block->ttl * kTicksPerSecond;
  const std::uint32_t until = std::max(copies_until(published), latest(published.nodes) == 0 ? 0 : last);
  departed_.keep(key, until, to_ticks(now.mono));
  for (Node* node : published.nodes) tree_.withdraw(*node);
  published.block->note_replaced(options_.clock());
  shared_.replace(published.shared, {});
  if (const auto space = spaces_.find(published.apex); space != spaces_.end()) list(space->second, key, {});
  retire(std::move(published.block));
  services_.erase(at);
}

void Generation::note_replaced() const {
  const auto at = options_.clock();
  for (const auto& [key, published] : services_) {
    if (published.block) published.block->note_replaced(at);
  }
}

void Generation::set_horizon(const registry::Service& service) {
  const auto at = services_.find(service.name.key());
  if (at == services_.end()) return;
  const std::uint32_t horizon = to_ticks(service.horizon);
  for (Node* node : at->second.nodes) node->horizon.store(horizon, std::memory_order_release);
}

void Generation::list(Space& space, const std::string& key, const Listed& entry) {
  auto at = space.listed.lower_bound(key);
  const bool known = at != space.listed.end() && at->first == key;
  const bool was_tcp = known && at->second.tcp;
  if (known ? at->second == entry : !entry.tcp && !entry.udp) return;
  if (known) at = space.listed.erase(at);
  if (entry.tcp || entry.udp) space.listed.emplace_hint(at, key, entry);
  const bool had_tcp = space.tcp != 0;
  space.tcp = space.tcp - (was_tcp ? 1 : 0) + (entry.tcp ? 1 : 0);
  const bool has_room = space.listed_until.empty() || key <= space.listed_until;
  if (has_room || had_tcp != (space.tcp != 0)) lists_changed_.insert(space.def.name.key());
}

void Generation::finish() {
  for (const std::string& apex : lists_changed_) {
    if (const auto space = spaces_.find(apex); space != spaces_.end()) set_list(space->second);
  }
  lists_changed_.clear();
}

// _tcp exists while a service has a default TCP port; _udp always does, above the list of services.
void Generation::set_tcp(const Space& space, Place& place) {
  const std::string tcp = to_wire("_tcp");
  const std::string name = tcp.substr(0, tcp.size() - 1) + place.apex;
  if (space.tcp != 0 && place.tcp == nullptr && name.size() <= kMaxName) place.tcp = &tree_.acquire(name);
  if (space.tcp == 0 && place.tcp != nullptr) tree_.release(*std::exchange(place.tcp, nullptr));
}

void Generation::set_list(Space& space) {
  space.listed_until.clear();
  for (Place& place : space.places) {
    if (place.layout == registry::Layout::consul) continue;
    set_tcp(space, place);
    if (place.services == nullptr) continue;
    std::string records;
    std::uint16_t count = 0;
    const auto add = [&](const std::string& label, std::string_view protocol) {
      const std::size_t size = 2 + label.size() + protocol.size() + place.spelled.size();
      if (label.size() > registry::kMaxUnderscored || size > kMaxName) return;
      const auto length = static_cast<std::uint16_t>(size);
      records.append(reinterpret_cast<const char*>(&length), 2);
      records.push_back(static_cast<char>(label.size() + 1));
      records.push_back('_');
      records.append(label).append(protocol).append(place.spelled);
      ++count;
    };
    for (const auto& [key, listed] : space.listed) {
      if (count + (listed.tcp ? 1U : 0U) + (listed.udp ? 1U : 0U) > kMaxListed) {
        space.listed_until = key;
        break;
      }
      if (listed.tcp) add(listed.label, "\4_tcp");
      if (listed.udp) add(listed.label, "\4_udp");
    }
    tree_.set_records(*place.services, RecordBlock::of_set(wire::type::ptr, namespace_ttl(space.def), count, records));
  }
}

// Answers with the longer TTL that it had may leave until now: workers may still read the block of before.
void Generation::keep_copies(Published& published, const ServiceBlock& after, const registry::Now& now) {
  if (!published.block || published.block->ttl <= after.ttl || latest(published.nodes) == 0) return;
  const std::uint32_t until = to_ticks(now.mono) + kLate + published.block->ttl * kTicksPerSecond;
  published.copies_until = std::max(published.copies_until, until);
}

void Generation::keep_last_sent(const Generation& before, const registry::Now& now) {
  departed_.merge(before.departed_);
  for (const auto& [key, published] : before.services_) {
    if (!services_.contains(key)) departed_.keep(key, copies_until(published), to_ticks(now.mono));
  }
  for (auto& [key, published] : services_) {
    const auto old = before.services_.find(key);
    if (old == before.services_.end()) {  // it was gone, and is back
      published.copies_until = std::max(published.copies_until, departed_.take(key));
      continue;
    }
    if (published.nodes.empty() || !published.block) continue;
    const Node& node = *published.nodes.front();
    for (const Node* each : old->second.nodes) {
      raise(node.last_sent, each->last_sent.load(std::memory_order_relaxed));
    }
    if (was_browsed(old->second.nodes)) node.browsed.store(true, std::memory_order_relaxed);
    published.copies_until = std::max(published.copies_until, old->second.copies_until);
    if (latest(old->second.nodes) == 0 || old->second.block->ttl <= published.block->ttl) continue;
    const std::uint32_t until = to_ticks(now.mono) + kLate + old->second.block->ttl * kTicksPerSecond;
    published.copies_until = std::max(published.copies_until, until);
  }
}

// The tick at which no copy lives any more; 0 = none was sent.
std::uint32_t Generation::copies_until(const Published& published) {
  const std::uint32_t last = last_sent(published);
  return last == 0 ? 0 : last + published.block->ttl * kTicksPerSecond;
}

std::uint32_t Generation::last_sent(const std::string& service) const {
  const auto at = services_.find(service);
  return at == services_.end() ? 0 : last_sent(at->second);
}

std::uint32_t Generation::last_sent(const Published& published) {
  if (!published.block) return 0;
  std::uint32_t last = latest(published.nodes);
  const std::uint32_t ttl = published.block->ttl * kTicksPerSecond;
  if (published.copies_until > ttl) last = std::max(last, published.copies_until - ttl);
  // PTR, then SRV, then the address: one step more than from SRV on, and each of them may be the last at its time.
  if (last != 0 && was_browsed(published.nodes)) last += published.block->min_ttl * kTicksPerSecond;
  return last;
}

Publisher::Stats Generation::stats() const {
  return {.names = tree_.names(),
          .blocks = services_.size() + tree_.blocks(),
          .bytes = block_bytes_ + tree_.bytes(),
          .fail_open = fail_open_};
}

}  // namespace dnsd::answers
