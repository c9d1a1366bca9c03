#include "dnsd/answers/name_tree.h"

#include <cassert>
#include <new>

#include "dnsd/answers/wire_name.h"

namespace dnsd::answers {
namespace {

constexpr std::size_t kFirstCapacity = 1024;

bool is_asterisk(const Node& node) { return node.labels != 0 && node.name()[0] == 1 && node.name()[1] == '*'; }

// Does what stands at `parent` take the names below it away from its zone? A DNAME at an apex does not: what exists
// beside it is answered (a namespace whose other names are elsewhere).
bool hides_children(const Node& parent) {
  const auto flags = parent.flags.load(std::memory_order_relaxed);
  if ((flags & Node::kApex) != 0) return false;
  return (flags & (Node::kCut | Node::kDname | Node::kBelow)) != 0;
}

std::size_t node_bytes(std::size_t name) { return std::max(sizeof(Node), (Node::kNameAt + name + 63) / 64 * 64); }

}  // namespace

NameTree::NameTree(Table& table, Reclaimer& reclaimer)
    : table_(table), reclaimer_(reclaimer), slots_(std::make_unique<Slots>(kFirstCapacity)) {}

NameTree::~NameTree() {
  for (std::size_t i = 0; i <= slots_->mask; ++i) {
    NodePtr(slots_->slot[i].node.load(std::memory_order_relaxed)).reset();
  }
}

void NameTree::Destroy::operator()(Node* node) const {
  RecordBlockPtr(node->records.load(std::memory_order_relaxed)).reset();
  node->~Node();
  ::operator delete (node, std::align_val_t{alignof(Node)});
}

Node* NameTree::find_any(std::uint64_t hash, const std::uint8_t* wire, std::size_t size) const {
  for (std::size_t i = hash & slots_->mask;; i = (i + 1) & slots_->mask) {
    Node* node = slots_->slot[i].node.load(std::memory_order_relaxed);
    if (node == nullptr) return nullptr;
    if (slots_->slot[i].hash.load(std::memory_order_relaxed) == hash && node->is(wire, size)) return node;
  }
}

Node* NameTree::find(std::string_view folded_wire) const {
  const HashedName name(folded_wire, table_.key());
  Node* node = find_any(name.ref().hash[0], name.ref().wire, name.ref().size);
  return node != nullptr && node->refs != 0 ? node : nullptr;
}

Node& NameTree::acquire(std::string_view folded_wire, Contents contents) {
  const HashedName name(folded_wire, table_.key());
  return acquire(name.ref(), 0, std::move(contents));
}

// Ancestors first: a reader must never find a name whose parent is missing.
Node& NameTree::acquire(const NameRef& name, unsigned first, Contents contents) {
  Node* node = find_any(name.hash[first], name.label(first), name.suffix_size(first));
  if (node == nullptr) node = &make(name, first);
  const bool fresh = node->refs++ == 0;
  if (fresh) {
    node->parent = first == name.labels ? nullptr : &acquire(name, first + 1, {});
    if (node->parent != nullptr) set_flag(*node->parent, Node::kParent, true);
    node->zone.store(node->parent ? node->parent->zone.load(std::memory_order_relaxed) : nullptr,
                     std::memory_order_release);
    node->last_sent.store(0, std::memory_order_relaxed);
  }
  fill(*node, std::move(contents));
  if (fresh) {
    ++live_;
    set_flag(*node, Node::kBelow, node->parent != nullptr && hides_children(*node->parent));
    set_flag(*node, Node::kExists, true);                                    // its children come later
    if (is_asterisk(*node)) set_flag(*node->parent, Node::kWildcard, true);  // when it can be found
  }
  return *node;
}

void NameTree::set_flag(Node& node, std::uint8_t flag, bool on) {
  const auto flags = node.flags.load(std::memory_order_relaxed);
  node.flags.store(static_cast<std::uint8_t>(on ? flags | flag : flags & ~flag), std::memory_order_release);
}

void NameTree::fill(Node& node, Contents contents) {
  if (contents.service != nullptr) {
    node.horizon.store(contents.horizon, std::memory_order_relaxed);
    set_service(node, contents.service);
  }
  if (!contents.records) return;
  set_records(node, std::move(contents.records));
  if (contents.flags != 0 && node.refs > 1) zones_stale_ = true;  // what is below it already learns of it in attach()
  set_flag(node, Node::kCut, (contents.flags & Node::kCut) != 0);
  set_flag(node, Node::kDname, (contents.flags & Node::kDname) != 0);
}

Node& NameTree::make(const NameRef& name, unsigned first) {
  make_room();
  const std::size_t size = name.suffix_size(first);
  auto* node = new (::operator new (node_bytes(size), std::align_val_t{alignof(Node)})) Node;
  node->name_size = static_cast<std::uint8_t>(size);
  node->labels = static_cast<std::uint8_t>(name.labels - first);
  std::memcpy(node->name(), name.label(first), size);
  insert(*slots_, name.hash[first], node);
  ++used_;
  bytes_ += node_bytes(size);
  return *node;
}

void NameTree::insert(Slots& slots, std::uint64_t hash, Node* node) const {
  std::size_t i = hash & slots.mask;
  while (slots.slot[i].node.load(std::memory_order_relaxed) != nullptr) i = (i + 1) & slots.mask;
  slots.slot[i].hash.store(hash, std::memory_order_relaxed);
  slots.slot[i].node.store(node, std::memory_order_release);
}

void NameTree::release(Node& node) {
  assert(node.refs > 0);
  if (--node.refs != 0) return;
  assert((node.flags.load(std::memory_order_relaxed) & Node::kApex) == 0);
  if (is_asterisk(node)) set_flag(*node.parent, Node::kWildcard, false);
  node.flags.store(0, std::memory_order_release);
  set_service(node, nullptr);
  set_records(node, nullptr);
  --live_;
  if (Node* parent = node.parent) release(*parent);
}

// The last use takes the name before its contents (release), so that nobody is told NODATA about a name that ends.
void NameTree::withdraw(Node& node) {
  if (node.refs > 1) {
    set_flag(node, Node::kCut | Node::kDname, false);
    set_service(node, nullptr);
    set_records(node, nullptr);
  }
  release(node);
}

void NameTree::set_service(Node& node, const ServiceBlock* block) {
  node.service.store(block, std::memory_order_release);
}

void NameTree::set_records(Node& node, RecordBlockPtr block) {
  if (block) ++blocks_, bytes_ += block->size_in_memory();
  RecordBlockPtr old(node.records.exchange(block.release(), std::memory_order_acq_rel));
  if (!old) return;
  --blocks_;
  bytes_ -= old->size_in_memory();
  if (attached_) reclaimer_.retire([p = std::move(old)] {});
}

void NameTree::set_apex(Node& node, Zone* zone) {
  const bool had_descendants = node.refs > 1;
  if (zone != nullptr && node.zone.load(std::memory_order_relaxed) == zone) return;
  const bool hidden = zone == nullptr && node.parent != nullptr && hides_children(*node.parent);
  Zone* around = node.parent ? node.parent->zone.load(std::memory_order_relaxed) : nullptr;
  node.zone.store(zone != nullptr ? zone : around, std::memory_order_release);
  set_flag(node, Node::kApex, zone != nullptr);
  set_flag(node, Node::kBelow, hidden);
  if (!had_descendants) return;
  if (attached_) {
    refresh_zones();
  } else {
    zones_stale_ = true;  // once for all of them: a server may have thousands of zones, each in any order
  }
}

// A zone began or ended above names that exist: rare (a namespace made around another), so all names are walked.
void NameTree::refresh_zones() {
  zones_stale_ = false;
  for (std::size_t i = 0; i <= slots_->mask; ++i) {
    Node* node = slots_->slot[i].node.load(std::memory_order_relaxed);
    if (node == nullptr || node->refs == 0) continue;
    const Node* apex = node;
    bool below = false;
    while (apex->parent != nullptr && (apex->flags.load(std::memory_order_relaxed) & Node::kApex) == 0) {
      apex = apex->parent;
      const auto flags = apex->flags.load(std::memory_order_relaxed);
      below = below || ((flags & Node::kApex) == 0 && (flags & (Node::kCut | Node::kDname)) != 0);
    }
    const bool is_apex = (apex->flags.load(std::memory_order_relaxed) & Node::kApex) != 0;
    node->zone.store(is_apex ? apex->zone.load(std::memory_order_relaxed) : nullptr, std::memory_order_release);
    set_flag(*node, Node::kBelow, below);
  }
}

// At half load the slots are built anew, at most a quarter of them taken; names that ended go.
void NameTree::make_room() {
  if (2 * (used_ + 1) <= slots_->mask + 1) return;
  std::vector<NodePtr> dead;
  auto fresh = std::make_unique<Slots>(std::bit_ceil(std::max(kFirstCapacity, 4 * live_)));
  used_ = 0;
  for (std::size_t i = 0; i <= slots_->mask; ++i) {
    Node* node = slots_->slot[i].node.load(std::memory_order_relaxed);
    if (node == nullptr) continue;
    if (node->refs == 0) {
      dead.emplace_back(node);
      bytes_ -= node_bytes(node->name_size);
      continue;
    }
    insert(*fresh, slots_->slot[i].hash.load(std::memory_order_relaxed), node);
    ++used_;
  }
  std::swap(slots_, fresh);
  if (!attached_) return;
  table_.slots_.store(slots_.get(), std::memory_order_release);
  reclaimer_.retire([old = std::move(fresh), dead = std::move(dead)] {});
}

void NameTree::attach() {
  if (zones_stale_) refresh_zones();
  attached_ = true;
  table_.slots_.store(slots_.get(), std::memory_order_release);
}

}  // namespace dnsd::answers
