// A service's own name and the names below it.
#include <algorithm>
#include <charconv>

#include "dnsd/answers/wire_name.h"
#include "dnsd/serve/addresses.h"
#include "dnsd/serve/srv.h"

namespace dnsd::serve {
namespace {

using answers::Entry;
using answers::ServiceBlock;

void put_own_addresses(Answer& a, const Where& where, const ServiceBlock& block, bool v6) noexcept {
  const auto said = a.reason();
  note_unusual(a, block);
  if (block.has(ServiceBlock::kSpilled)) note_spilled(a);
  const std::uint32_t ttl = service_ttl(a, where, block);
  if (put_addresses(a, where, block, v6, ttl, BlockTier(block, v6)) != 0 || a.tc) return;
  a.take_back_to(said);
  if (block.tier_size == 0) {
    respond_empty(a, where, block);
  } else {
    deny(a, where, wire::Rcode::noerror, ttl);  // the other family has addresses
  }
}

Step put_cname(Answer& a, const Where& where, const std::uint8_t* target, std::uint32_t ttl,
               std::uint16_t& target_at) noexcept {
  const std::size_t size = answers::wire_size(target);
  std::uint8_t* p = put_record(a.writer, where.asked.pointer(), wire::type::cname, ttl, size);
  if (p == nullptr) {
    a.tc = true;
    return Step::done;
  }
  std::memcpy(p, target, size);
  ++a.counts.answer;
  target_at = static_cast<std::uint16_t>(p - a.writer.data());
  return a.query.type == wire::type::cname || a.query.type == wire::type::any ? Step::done : Step::chase;
}

Step respond_own_name(Answer& a, const Where& where, const ServiceBlock& block, std::uint16_t& target_at) noexcept {
  if (block.has(ServiceBlock::kAlias))
    return put_cname(a, where, block.at<std::uint8_t>(block.cname), block.ttl, target_at);
  if (block.has(ServiceBlock::kPublishCname)) return put_host(a, where, block, target_at);
  switch (a.query.type) {
    case wire::type::a:
      put_own_addresses(a, where, block, false);
      break;
    case wire::type::aaaa:
      put_own_addresses(a, where, block, true);
      break;
    case wire::type::srv:
      if (block.has(ServiceBlock::kDefaultTcp | ServiceBlock::kDefaultUdp)) {
        respond_srv(a, where, block, Offers(block, Entry::kTcp | Entry::kUdp));
      } else if (block.listed == 0) {
        respond_empty(a, where, block);
      } else {
        deny(a, where, wire::Rcode::noerror, service_ttl(a, where, block));
      }
      break;
    case wire::type::txt:
      put_service_text(a, where, block);
      break;
    case wire::type::https:
      respond_https(a, where, block);
      break;
    case wire::type::any:
      put_hinfo(a, where.asked, service_ttl(a, where, block));
      break;
    default:
      deny(a, where, wire::Rcode::noerror, service_ttl(a, where, block));
  }
  return Step::done;
}

// Both may be: the guard holds some up, and too few are available all the same.
std::string_view mode_of(const ServiceBlock& block) noexcept {
  const bool guard = block.has(ServiceBlock::kGuard);
  if (block.has(ServiceBlock::kFailOpen)) return guard ? " mode=fail_open,guard" : " mode=fail_open";
  return guard ? " mode=guard" : "";
}

// available=3 total=5 revision=812; where the answers are not the usual ones also which tier they come from, that they
// hold instances that are not available, and that the guard holds some up.
void respond_status(Answer& a, const Where& where, const ServiceBlock& block) noexcept {
  a.scratch.trace.form = Trace::Form::status;
  if (a.query.type == wire::type::any) return put_hinfo(a, where.asked, kSoonTtl);
  if (a.query.type != wire::type::txt) return deny(a, where, wire::Rcode::noerror, service_ttl(a, where, block));
  std::array<char, 112> text;
  char* p = text.data() + 1;
  const auto put = [&](std::string_view word, std::uint64_t number) {
    p = std::copy(word.begin(), word.end(), p);
    p = std::to_chars(p, text.data() + text.size(), number).ptr;
  };
  put("available=", block.available);
  put(" total=", block.total);
  put(" revision=", block.revision);
  if (block.has(ServiceBlock::kSpilled)) put(" tier=", block.entries()[block.tier_begin].priority);
  const std::string_view mode = mode_of(block);
  p = std::copy(mode.begin(), mode.end(), p);
  const auto size = static_cast<std::size_t>(p - text.data());
  text[0] = static_cast<char>(size - 1);
  std::uint8_t* rdata = put_record(a.writer, where.asked.pointer(), wire::type::txt, kSoonTtl, size);
  if (rdata == nullptr) {
    a.tc = true;
    return;
  }
  std::memcpy(rdata, text.data(), size);
  ++a.counts.answer;
}

void respond_below(Answer& a, const Where& where, const ServiceBlock& block) noexcept {
  const std::uint8_t* label = where.below(0);
  if (label_is(label, "_status")) return respond_status(a, where, block);
  if (has_named_ports(block, protocol_flag(label)))
    return deny(a, where, wire::Rcode::noerror, service_ttl(a, where, block));
  if (const Entry* entry = block.find_label(label)) {
    a.scratch.trace.form = Trace::Form::instance;
    return respond_instance(a, where, block, *entry);
  }
  deny_name(a, where);
}

void respond_port(Answer& a, const Where& where, const ServiceBlock& block) noexcept {
  const answers::PortName* port = find_port(block, where.below(1), protocol_flag(where.below(0)));
  if (port == nullptr) return deny_name(a, where);
  a.scratch.trace.form = Trace::Form::port;
  if (a.query.type == wire::type::srv) return respond_srv(a, where, block, Offers(block, *port));
  if (a.query.type == wire::type::any) return put_hinfo(a, where.asked, service_ttl(a, where, block));
  deny(a, where, wire::Rcode::noerror, service_ttl(a, where, block));
}

}  // namespace

std::uint32_t service_ttl(const Answer& a, const Where& where, const ServiceBlock& block) noexcept {
  // A publish lowers the horizon before it changes the block and raises it afterwards: the earlier of the two readings
  // around the block's is never later than the block's own.
  const std::uint32_t horizon = std::min(where.horizon, where.node.horizon.load(std::memory_order_relaxed));
  return bounded_ttl(block.ttl, block.min_ttl, horizon, a.time.tick);
}

void explain_empty(Answer& a, const ServiceBlock& block, const Selection* chosen) noexcept {
  const bool address = a.query.type == wire::type::a || a.query.type == wire::type::aaaa;
  if (!(chosen ? chosen->any_registered() : block.total != 0)) {
    a.explain(wire::ede::other, "no instances");
  } else if (chosen ? chosen->empty() : block.listed == 0) {
    a.explain(wire::ede::other, "no available instances");
  } else {
    a.explain(wire::ede::other,
              address ? "no available instance has an address" : "no available instance has this port");
  }
}

void respond_empty(Answer& a, const Where& where, const ServiceBlock& block, const Selection* chosen) noexcept {
  const bool none = chosen ? chosen->empty() && chosen->any_registered() : block.listed == 0;
  explain_empty(a, block, chosen);
  if (none && block.has(ServiceBlock::kServfail)) {
    a.rcode = wire::Rcode::servfail;
    return;
  }
  deny(a, where, wire::Rcode::noerror, service_ttl(a, where, block));
}

void note_unusual(Answer& a, const ServiceBlock& block, const Selection* chosen) noexcept {
  if (a.fail_open) return;  // an alias that led here said so
  if (!(chosen != nullptr ? chosen->any_unavailable() : block.has(ServiceBlock::kFailOpen))) {
    if (!block.has(ServiceBlock::kGuard) || (chosen != nullptr && chosen->empty())) return;
    // No code of RFC 8914 fits: its stale answers are those of a cache that cannot reach the authority.
    a.explain(wire::ede::other, "guard: failures of instances are held back");
    return;
  }
  a.fail_open = true;
  const bool none = chosen != nullptr ? !chosen->any_available() : block.available == 0;
  a.explain(wire::ede::other,
            none ? "fail-open: no instance is available" : "fail-open: too few instances are available");
}

void note_spilled(Answer& a) noexcept {
  a.explain(wire::ede::other, "spilled: a better priority has too few available instances");
}

void put_service_text(Answer& a, const Where& where, const ServiceBlock& block) noexcept {
  const std::uint32_t ttl = service_ttl(a, where, block);
  if (block.meta == 0) {
    deny(a, where, wire::Rcode::noerror, ttl);
    return;
  }
  std::uint16_t count;
  const auto* list = block.at<std::uint8_t>(block.meta);
  std::memcpy(&count, list, 2);
  put_texts(a, where.asked.pointer(), ttl, list + 2, count);
}

Step put_host(Answer& a, const Where& where, const ServiceBlock& block, std::uint16_t& target_at) noexcept {
  const Entry& entry = *block.entries();
  if (block.listed == 0 || !entry.has(Entry::kHost)) {
    respond_empty(a, where, block);
    return Step::done;
  }
  note_unusual(a, block);
  const Step step = put_cname(a, where, block.text_of(entry).host, service_ttl(a, where, block), target_at);
  a.scratch.trace.took(entry, a.tc ? 0 : 1);
  return step;
}

const answers::PortName* find_port(const ServiceBlock& block, const std::uint8_t* label,
                                   std::uint16_t protocol) noexcept {
  if (protocol == 0 || label[0] < 2 || label[1] != '_') return nullptr;
  std::array<std::uint8_t, 64> name;
  name[0] = static_cast<std::uint8_t>(label[0] - 1);
  std::memcpy(name.data() + 1, label + 2, name[0]);
  return block.find_port(name.data(), static_cast<std::uint8_t>(protocol));
}

Step respond_service(Answer& a, const Where& where, const ServiceBlock& block, std::uint16_t& target_at) noexcept {
  note_sent(where.node, a.time.tick);
  a.block = &block;
  a.scratch.trace.reached(where.node, block, where.first_below == 0 ? Trace::Form::service : Trace::Form::below);
  if (where.first_below == 0) return respond_own_name(a, where, block, target_at);
  if (block.has(ServiceBlock::kAlias)) {
    deny_name(a, where);  // an alias has no instances: nothing stands below it
  } else if (where.zone.consul) {
    if (where.first_below == 1 && !label_is(where.below(0), "_status"))
      return respond_tagged(a, where, block, where.below(0), target_at);
    where.first_below == 1 ? respond_status(a, where, block) : deny_name(a, where);
  } else if (is_selector_label(where.below(0))) {
    return respond_selected(a, where, block, target_at);
  } else if (where.first_below == 1) {
    respond_below(a, where, block);
  } else if (where.first_below == 2) {
    respond_port(a, where, block);
  } else {
    deny_name(a, where);
  }
  return Step::done;
}

}  // namespace dnsd::serve
