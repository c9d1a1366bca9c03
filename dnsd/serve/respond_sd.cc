// DNS-SD (RFC 6763) and the default port by its protocol (RFC 2782): _worker._tcp.corp, w1._worker._tcp.corp.
#include <algorithm>

#include "dnsd/serve/srv.h"

namespace dnsd::serve {
namespace {

using answers::Entry;
using answers::Node;
using answers::ServiceBlock;

// SRV, TXT and addresses of one instance that a PTR record at `ptr_at` points to (RFC 6763 12.1).
bool add_instance(Answer& a, const ServiceBlock& block, const Entry& entry, const TargetTail& tail, std::size_t ptr_at,
                  std::uint32_t longest) noexcept {
  if (!can_point_at(ptr_at)) return false;
  const auto owner = static_cast<std::uint16_t>(0xc000 | ptr_at);
  const answers::InstanceText text = block.text_of(entry);
  const std::uint32_t ttl = std::min(longest, direct_ttl(a, block, text.ends));
  const std::size_t target = put_srv(a, owner, ttl, block, entry, entry.port, tail);
  if (target == 0) return false;
  ++a.counts.additional;
  const auto rdata = sd_text(text);
  std::uint8_t* p = put_record(a.writer, owner, wire::type::txt, ttl, rdata.size());
  if (p == nullptr) return false;
  std::memcpy(p, rdata.data(), rdata.size());
  ++a.counts.additional;
  if (entry.has(Entry::kHost)) return add_addresses_of(a, a.writer.data() + target, target);
  return add_addresses(a, block, entry, target, longest);
}

void browse(Answer& a, const Where& where, const ServiceBlock& block, std::uint16_t flag) noexcept {
  const std::uint32_t ttl = service_ttl(a, where, block);
  if (!where.node.browsed.load(std::memory_order_relaxed)) where.node.browsed.store(true, std::memory_order_relaxed);
  const std::uint64_t seed = prefix_seed(a, block);
  const Offers offers(block, flag);
  std::uint32_t count = 0, skipped = 0;
  Skips& skips = a.scratch.skips;
  skips.begin();
  const std::size_t start = a.writer.size();
  const auto said = a.reason();
  note_unusual(a, block);
  // Labels that are too long for the apex of an alias have no such name.
  const auto fits = [&](const Entry& entry) {
    return block.at<std::uint8_t>(entry.text)[0] + 1U + where.asked.name.size <= wire::kMaxWireName;
  };
  offers.each(seed, [&](const Entry& entry, std::uint16_t) {
    if (!fits(entry)) {
      skips.skip(count + skipped++);
      return true;
    }
    const auto* label = block.at<std::uint8_t>(entry.text);
    std::uint8_t* p = put_record(a.writer, where.asked.pointer(), wire::type::ptr, ttl, label[0] + 3U);
    if (p == nullptr) {
      a.tc = true;
      return false;
    }
    std::memcpy(p, label, label[0] + 1U);
    wire::put16(p + label[0] + 1, where.asked.pointer());
    ++count;
    return true;
  });
  a.counts.answer = static_cast<std::uint16_t>(a.counts.answer + count);
  a.scratch.trace.drew(offers, skips, seed, UINT32_MAX, count);
  if (a.tc) return;
  if (count == 0) {
    a.take_back_to(said);
    explain_empty(a, block);
    return deny(a, where, wire::Rcode::noerror, ttl);
  }
  const TargetTail tail(where, block);
  std::size_t at = start;
  offers.each(seed, [&](const Entry& entry, std::uint16_t) {
    if (!fits(entry)) return true;
    const std::size_t ptr_at = at + 12;
    at = ptr_at + wire::get16(a.writer.data() + at + 10);
    return add_instance(a, block, entry, tail, ptr_at, ttl);
  });
}

void respond_browse(Answer& a, const Where& where, const ServiceBlock& block, std::uint16_t flag) noexcept {
  switch (a.query.type) {
    case wire::type::srv:
      return respond_srv(a, where, block, Offers(block, flag));
    case wire::type::ptr:
      return browse(a, where, block, flag);
    case wire::type::any:
      return put_hinfo(a, where.asked, service_ttl(a, where, block));
    default:
      return deny(a, where, wire::Rcode::noerror, service_ttl(a, where, block));
  }
}

void respond_sd_instance(Answer& a, const Where& where, const ServiceBlock& block, const Entry& entry) noexcept {
  if (a.query.type == wire::type::srv) return respond_instance(a, where, block, entry);
  a.scratch.trace.took(entry, 0);
  const answers::InstanceText text = block.text_of(entry);
  const std::uint32_t ttl = direct_ttl(a, block, text.ends);
  if (a.query.type == wire::type::any) return put_hinfo(a, where.asked, ttl);
  if (a.query.type != wire::type::txt) return deny(a, where, wire::Rcode::noerror, ttl);
  const auto rdata = sd_text(text);
  std::uint8_t* p = put_record(a.writer, where.asked.pointer(), wire::type::txt, ttl, rdata.size());
  if (p == nullptr) {
    a.tc = true;
    return;
  }
  std::memcpy(p, rdata.data(), rdata.size());
  ++a.counts.answer;
  a.scratch.trace.count = 1;
}

}  // namespace

const Node* find_service(const Answer& a, const answers::NameRef& name, unsigned label, unsigned end) noexcept {
  const std::uint8_t* text = name.label(label);
  if (text[0] < 2 || text[1] != '_') return nullptr;
  std::array<std::uint8_t, wire::kMaxWireName + 1> wire;  // no longer than the name asked
  wire[0] = static_cast<std::uint8_t>(text[0] - 1);
  std::memcpy(wire.data() + 1, text + 2, wire[0]);
  const std::size_t end_size = name.suffix_size(end);
  std::memcpy(wire.data() + 1 + wire[0], name.label(end), end_size);
  return a.table.find(answers::hash_label(wire.data(), name.hash[end]), wire.data(), 1U + wire[0] + end_size);
}

bool respond_sd(Answer& a, const Where& where) noexcept {
  const answers::NameRef& name = where.asked.name;
  const unsigned depth = name.labels - where.zone.labels;
  if (depth != 2 && depth != 3) return false;
  const std::uint16_t flag = protocol_flag(name.label(depth - 1));
  if (flag == 0) return false;
  const Node* node = find_service(a, name, depth - 2, depth);
  if (node == nullptr) return false;
  const std::uint32_t horizon = node->horizon.load(std::memory_order_acquire);
  const ServiceBlock* block = node->service.load(std::memory_order_acquire);
  const std::uint16_t offered = flag == Entry::kTcp ? ServiceBlock::kDefaultTcp : ServiceBlock::kDefaultUdp;
  if (block == nullptr || block->has(ServiceBlock::kAlias) || !block->has(offered)) return false;
  const Where at_service{where.asked, *node, where.zone, where.view, 0, horizon};
  if (depth == 2) {
    a.scratch.trace.reached(*node, *block, Trace::Form::dns_sd);
    respond_browse(a, at_service, *block, flag);
  } else {
    const Entry* entry = block->find_label(name.label(0));
    if (entry == nullptr || !entry->has(flag)) return false;
    a.scratch.trace.reached(*node, *block, Trace::Form::dns_sd);
    respond_sd_instance(a, at_service, *block, *entry);
  }
  note_sent(*node, a.time.tick);
  a.block = block;
  return true;
}

}  // namespace dnsd::serve
