// From the name asked to the part that answers it, and along CNAMEs as far as they stay with us.
#include <algorithm>

#include "dnsd/serve/answer.h"

namespace dnsd::serve {
namespace {

using answers::Found;
using answers::NameRef;
using answers::Node;
using answers::ServiceBlock;
using answers::Zone;
using answers::ZoneKind;

constexpr unsigned kMaxChase = 8;  // CNAMEs in one answer

void refuse_outside(Answer& a) noexcept {
  a.rcode = wire::Rcode::refused;
  a.explain(wire::ede::not_authoritative);
}

// _services._dns-sd._udp of a namespace without anything to list: the next registration may fill it.
bool is_empty_list(const Where& where) noexcept {
  const NameRef& name = where.asked.name;
  return where.zone.kind == ZoneKind::name_space && name.labels == where.zone.labels + 3 &&
         label_is(name.label(0), "_services") && label_is(name.label(1), "_dns-sd") && label_is(name.label(2), "_udp");
}

Step answer_in_zone(Answer& a, const Where& where, bool exact, std::uint16_t& target_at) noexcept {
  const Node& node = where.node;
  const std::uint8_t flags = node.flags.load(std::memory_order_acquire);
  if ((flags & (Node::kCut | Node::kBelow)) != 0) [[unlikely]]
    return respond_cut(a, where, exact, target_at);
  const answers::RecordBlock* records = exact ? node.records.load(std::memory_order_acquire) : nullptr;
  const bool apex = where.asked.name.labels == where.zone.labels;
  if (records != nullptr || apex) return respond_records(a, where, {records}, target_at);  // static wins
  if (const ServiceBlock* block = node.service.load(std::memory_order_acquire)) {
    return respond_service(a, where, *block, target_at);
  }
  Step step = Step::done;
  if (where.zone.kind == ZoneKind::name_space &&
      (where.zone.consul ? respond_consul(a, where, target_at, step) : respond_sd(a, where)))
    return step;
  if (exact && node.exists()) {
    if (!is_empty_list(where)) return respond_records(a, where, {}, target_at);  // an empty non-terminal
    deny(a, where, wire::Rcode::noerror, kSoonTtl);
    return Step::done;
  }
  if ((flags & Node::kDname) != 0) return respond_dname(a, where, target_at);
  if ((flags & Node::kWildcard) != 0 && respond_wildcard(a, where, target_at, step)) return step;
  deny_name(a, where);
  return Step::done;
}

Step answer_one(Answer& a, const Asked& asked, const Found& found, bool first, std::uint16_t& target_at) noexcept {
  const Zone* zone = found.node ? found.node->zone.load(std::memory_order_acquire) : nullptr;
  const answers::ZoneView* view = zone ? zone->view.load(std::memory_order_acquire) : nullptr;
  if (view == nullptr) {
    a.left = first ? Left::at_once : Left::along_the_chain;
    if (first) refuse_outside(a);  // else the chain leaves our zones: the CNAMEs are the answer
    return Step::done;
  }
  if (!first && is_closed(a, asked.name, *zone)) return Step::done;
  if (first && (a.query.type == wire::type::axfr || a.query.type == wire::type::ixfr)) {
    a.rcode = wire::Rcode::refused;
    a.explain(wire::ede::prohibited, "transfers are not allowed");
    return Step::done;
  }
  if (is_unavailable(a, *zone)) return Step::done;
  a.aa = true;
  if (a.query.type == wire::type::ds && found.exact &&
      (found.node->flags.load(std::memory_order_acquire) & Node::kApex) != 0 && respond_parent_ds(a, asked, target_at))
    return Step::done;
  const Where where{asked,
                    *found.node,
                    *zone,
                    *view,
                    static_cast<unsigned>(asked.name.labels - found.node->labels),
                    found.node->horizon.load(std::memory_order_acquire)};
  return answer_in_zone(a, where, found.exact, target_at);
}

}  // namespace

bool is_unavailable(Answer& a, const Zone& zone) noexcept {
  if (zone.availability == answers::Availability::served) return false;
  const bool expired = zone.availability == answers::Availability::expired;
  a.aa = false;
  a.rcode = wire::Rcode::servfail;
  a.explain(expired ? wire::ede::invalid_data : wire::ede::not_ready, expired ? "the zone has expired" : "");
  return true;
}

NameRef NameBuffer::read(const std::uint8_t* from, std::uint64_t key) noexcept {
  unsigned labels = 0;
  std::size_t at = 0;
  for (;; at += from[at] + 1U) {
    label_at[labels] = static_cast<std::uint8_t>(at);
    // Every record was read as names are; this bound only keeps a mistake there from writing here.
    if (from[at] == 0 || from[at] > wire::kLabelOctets || at + from[at] + 2U > wire::kMaxWireName) break;
    ++labels;
  }
  for (std::size_t i = 0; i < at; ++i) {
    const std::uint8_t c = from[i];
    wire[i] = c >= 'A' && c <= 'Z' ? static_cast<std::uint8_t>(c + 32) : c;  // length octets are below 'A'
  }
  wire[at] = 0;
  answers::hash_suffixes(wire.data(), label_at.data(), labels, key, hash.data());
  return {wire.data(), label_at.data(), hash.data(), static_cast<std::uint8_t>(at + 1),
          static_cast<std::uint8_t>(labels)};
}

void Answer::explain(std::uint16_t code, std::string_view text) noexcept {
  if (!query.edns || edns.ede != 0xffff) return;  // the first reason is the one
  edns.ede = code;
  edns.ede_text = text;
  const std::size_t size = wire::opt_size(query, edns);
  if (size - reserved <= writer.room()) {
    writer.reserve_tail(size - reserved);
    reserved = size;
  } else {
    edns.ede = 0xffff;
    edns.ede_text = {};
  }
}

void Answer::strip() noexcept {
  writer.rewind(wire::kHeader + query.question_size);
  counts = {};
  rcode = wire::Rcode::noerror;
  aa = false;
  tc = true;
  block = nullptr;
}

namespace {

void follow(Answer& a, const NameRef& name, const Found& first) noexcept {
  std::array<std::uint64_t, kMaxChase + 1> seen{};  // hashes of the names: under a secret key they are as good
  Asked asked{name, wire::kHeader};
  Found found = first;
  for (unsigned hop = 0;; ++hop) {
    std::uint16_t target_at = 0;
    if (answer_one(a, asked, found, hop == 0, target_at) == Step::done || hop == kMaxChase) return;
    if (!can_point_at(target_at + wire::kMaxWireName)) return;  // no pointer reaches names there any more
    seen[hop] = asked.name.hash[0];
    asked = {a.scratch.chased[hop & 1].read(a.writer.data() + target_at, a.table.key()), target_at};
    // A loop: what was found.
    if (std::find(seen.begin(), seen.begin() + hop + 1, asked.name.hash[0]) != seen.begin() + hop + 1) return;
    found = a.table.closest(asked.name);
    if (a.proof_count != 0 && found.node != nullptr) [[unlikely]] {
      // A service writes its additional data at once; denials of the names before must not come after it. The client
      // asks again for where the chain ends.
      const Zone* zone = found.node->zone.load(std::memory_order_acquire);
      if (zone != nullptr && zone->kind == ZoneKind::name_space) return;
    }
  }
}

}  // namespace

void answer_query(Answer& a, const NameRef& name, const Found& first) noexcept {
  follow(a, name, first);
  if (a.proof_count != 0) [[unlikely]]
    put_proofs(a);
  if (a.has_targets && !a.tc) put_targets(a);
}

}  // namespace dnsd::serve
