// Names below a service that select instances: v2._tag.worker.corp, _http._tcp.az1.pin._zone.worker.corp.
#include "dnsd/serve/addresses.h"
#include "dnsd/serve/selectors.h"
#include "dnsd/serve/srv.h"

namespace dnsd::serve {
namespace {

using answers::Entry;
using answers::ServiceBlock;

void select_addresses(Answer& a, const Where& where, const ServiceBlock& block, bool v6) noexcept {
  Selection& chosen = a.scratch.selection;
  if (block.ranks == 0 || !chosen.collect_ranked(block, sample_seed(a, block), v6)) chosen.collect_tier(block);
  const auto said = a.reason();
  note_unusual(a, block, &chosen);
  if (chosen.spilled()) note_spilled(a);
  const std::uint32_t ttl = service_ttl(a, where, block);
  const ChosenTier tier(block, chosen, v6);
  if (put_addresses(a, where, block, v6, ttl, tier) != 0 || a.tc) return;
  a.take_back_to(said);
  if (tier.size() == 0) {
    respond_empty(a, where, block, &chosen);
  } else {
    deny(a, where, wire::Rcode::noerror, ttl);  // the other family has addresses
  }
}

void select_srv(Answer& a, const Where& where, const ServiceBlock& block) noexcept {
  const Selection& chosen = a.scratch.selection;
  if (block.has(ServiceBlock::kDefaultTcp | ServiceBlock::kDefaultUdp))
    return respond_srv(a, where, block, Offers(block, Entry::kTcp | Entry::kUdp, &chosen));
  if (chosen.empty()) return respond_empty(a, where, block, &chosen);
  deny(a, where, wire::Rcode::noerror, service_ttl(a, where, block));
}

Step select_own(Answer& a, const Where& where, const ServiceBlock& block, std::uint16_t& target_at) noexcept {
  const Selection& chosen = a.scratch.selection;
  if (block.has(ServiceBlock::kPublishCname)) {
    if (!chosen.empty()) return put_host(a, where, block, target_at);
    respond_empty(a, where, block, &chosen);
    return Step::done;
  }
  switch (a.query.type) {
    case wire::type::a:
      select_addresses(a, where, block, false);
      break;
    case wire::type::aaaa:
      select_addresses(a, where, block, true);
      break;
    case wire::type::srv:
      select_srv(a, where, block);
      break;
    case wire::type::https:
      respond_https(a, where, block, &chosen);
      break;
    case wire::type::txt:
      put_service_text(a, where, block);
      break;
    case wire::type::any:
      put_hinfo(a, where.asked, service_ttl(a, where, block));
      break;
    default:
      deny(a, where, wire::Rcode::noerror, service_ttl(a, where, block));
  }
  return Step::done;
}

void select_port(Answer& a, const Where& where, const ServiceBlock& block, const std::uint8_t* port_label,
                 std::uint16_t protocol) noexcept {
  const answers::PortName* port = find_port(block, port_label, protocol);
  if (port == nullptr) return deny_name(a, where);
  if (a.query.type == wire::type::srv) return respond_srv(a, where, block, Offers(block, *port, &a.scratch.selection));
  if (a.query.type == wire::type::any) return put_hinfo(a, where.asked, service_ttl(a, where, block));
  deny(a, where, wire::Rcode::noerror, service_ttl(a, where, block));
}

}  // namespace

Step respond_tagged(Answer& a, const Where& where, const ServiceBlock& block, const std::uint8_t* tag,
                    std::uint16_t& target_at) noexcept {
  SelectorPath path;
  path.selector[0] = {Selector::Kind::tag, tag};
  path.count = 1;
  if (block.has(ServiceBlock::kAlias) || !is_ldh(tag) || !a.scratch.selection.choose(block, path)) {
    a.scratch.trace.form = Trace::Form::selected;
    deny_name(a, where);
    return Step::done;
  }
  a.scratch.trace.selected(a.scratch.selection);
  return select_own(a, where, block, target_at);
}

Step respond_selected(Answer& a, const Where& where, const ServiceBlock& block, std::uint16_t& target_at) noexcept {
  const unsigned n = where.first_below;
  const SelectorPath path = read_selectors(n, [&](unsigned i) { return where.below(i); });
  if (!path.valid || !a.scratch.selection.choose(block, path)) {
    a.scratch.trace.form = Trace::Form::selected;
    deny_name(a, where);
    return Step::done;
  }
  a.scratch.trace.selected(a.scratch.selection);
  const unsigned rest = path.open ? 0 : n - path.labels;
  const std::uint16_t protocol = rest == 0 ? std::uint16_t{0} : protocol_flag(where.below(path.labels));
  if (path.open || (rest == 1 && has_named_ports(block, protocol))) {
    deny(a, where, wire::Rcode::noerror, service_ttl(a, where, block));
  } else if (rest == 0) {
    return select_own(a, where, block, target_at);
  } else if (rest == 2 && protocol != 0) {
    select_port(a, where, block, where.below(path.labels + 1), protocol);
  } else {
    deny_name(a, where);  // nothing else stands below a selector
  }
  return Step::done;
}

}  // namespace dnsd::serve
