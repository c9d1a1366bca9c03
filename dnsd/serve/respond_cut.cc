// Delegations: what is at or below a cut is another server's, and the reply says whose (RFC 1034 4.3.2 step 3b).
#include "dnsd/serve/answer.h"

namespace dnsd::serve {
namespace {

using answers::Node;
using answers::RecordBlock;

// The outermost cut or DNAME between the zone's apex and a node that lies below one. Such nodes exist only for the sake
// of zones further down, so the walk is as deep as the operator's own names are.
const Node* redirect_above(const Answer& a, const Where& where) noexcept {
  const auto& name = where.asked.name;
  for (unsigned labels = where.zone.labels + 1U; labels <= where.node.labels; ++labels) {
    const unsigned first = name.labels - labels;
    const Node* node = a.table.find(name.hash[first], name.label(first), name.suffix_size(first));
    if (node == nullptr) return nullptr;
    if ((node->flags.load(std::memory_order_acquire) & (Node::kCut | Node::kDname)) != 0) return node;
  }
  return nullptr;
}

// The DS set is the one thing at a cut that the parent answers itself (RFC 4035 3.1.4.1).
void respond_ds(Answer& a, const Where& where, const RecordBlock* records) noexcept {
  const auto* set = records != nullptr ? records->find(wire::type::ds) : nullptr;
  if (set != nullptr) {
    (void)put_set(a, where, where.asked.pointer(), *records, *set, UINT32_MAX, a.counts.answer);
    return;
  }
  deny(a, where, wire::Rcode::noerror, where.view.negative_ttl);
  if (wants_proofs(a, where.zone)) prove_no_type(a, where, 0);
}

void refer(Answer& a, const Where& where, const RecordBlock& records) noexcept {
  if (a.counts.answer == 0) a.aa = false;  // of a chain that began with us the first owner is ours
  const auto* servers = records.find(wire::type::ns);
  if (servers == nullptr) return;
  const std::uint16_t owner = where.asked.pointer_to(where.first_below);
  const std::size_t first = a.writer.size();
  if (!put_set(a, where, owner, records, *servers, UINT32_MAX, a.counts.authority)) return;
  if (wants_proofs(a, where.zone)) {
    if (const auto* ds = records.find(wire::type::ds)) {
      if (!put_set(a, where, owner, records, *ds, UINT32_MAX, a.counts.authority)) return;
    } else {
      prove_no_type(a, where, where.first_below);
    }
  }
  a.scratch.targets = {&records, servers, first, where.asked, &where.zone};
  a.has_targets = true;
}

}  // namespace

Step respond_cut(Answer& a, const Where& where, bool exact, std::uint16_t& target_at) noexcept {
  const bool at_cut = (where.node.flags.load(std::memory_order_acquire) & Node::kCut) != 0;
  const Node* node = at_cut ? &where.node : redirect_above(a, where);
  if (node == nullptr) {  // gone with a change this moment
    deny_name(a, where);
    return Step::done;
  }
  const Where there{
      where.asked, *node, where.zone, where.view, static_cast<unsigned>(where.asked.name.labels - node->labels),
      UINT32_MAX};
  if ((node->flags.load(std::memory_order_acquire) & Node::kCut) == 0) return respond_dname(a, there, target_at);
  const RecordBlock* records = node->records.load(std::memory_order_acquire);
  if (at_cut && exact && a.query.type == wire::type::ds) {
    respond_ds(a, there, records);
  } else if (records != nullptr) {
    refer(a, there, *records);
  }
  return Step::done;
}

bool respond_parent_ds(Answer& a, const Asked& asked, std::uint16_t& target_at) noexcept {
  const auto& name = asked.name;
  if (name.labels == 0) return false;  // the root has no parent
  const answers::NameRef parent{name.wire, name.label_at + 1, name.hash + 1, name.size,
                                static_cast<std::uint8_t>(name.labels - 1)};
  const answers::Found found = a.table.closest(parent);
  const auto* zone = found.node != nullptr ? found.node->zone.load(std::memory_order_acquire) : nullptr;
  const auto* view = zone != nullptr ? zone->view.load(std::memory_order_acquire) : nullptr;
  if (view == nullptr) return false;
  if (is_closed(a, parent, *zone)) {
    a.aa = false;
    a.rcode = wire::Rcode::refused;
    a.explain(wire::ede::prohibited);
    return true;
  }
  if (is_unavailable(a, *zone)) return true;
  const Where where{asked,     *found.node, *zone, *view, static_cast<unsigned>(name.labels - found.node->labels),
                    UINT32_MAX};
  if ((found.node->flags.load(std::memory_order_acquire) & (Node::kCut | Node::kBelow)) != 0) {
    (void)respond_cut(a, where, false, target_at);
  } else {
    respond_ds(a, where, zone->parent_side({name.wire, name.size}));
  }
  return true;
}

}  // namespace dnsd::serve
