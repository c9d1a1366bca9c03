// Consul's layout: names below service.<apex> and addr.<apex> that are no entries of the table, and the tags before a
// service's name.
#include <algorithm>

#include "dnsd/serve/srv.h"

namespace dnsd::serve {
namespace {

using answers::Node;
using answers::ServiceBlock;

// The datacenter's label: `addr` of the view is addr.<datacenter>.<apex>.
bool is_datacenter(const Where& where, const std::uint8_t* label) noexcept {
  const std::uint8_t* own = where.view.addr.data() + where.view.addr[0] + 1;
  return own[0] == label[0] && std::memcmp(own + 1, label + 1, own[0]) == 0;
}

// How many labels between the apex and a kind ("service") say the datacenter: none, dc1, or dc1.dc. at(0) is next to
// the apex, of `n`.
template <class At>
unsigned datacenter_labels(const Where& where, unsigned n, At at) noexcept {
  if (n > 1 && label_is(at(0), "dc") && is_datacenter(where, at(1))) return 2;
  return n > 0 && is_datacenter(where, at(0)) ? 1 : 0;
}

bool is_underscored(const std::uint8_t* label) noexcept {
  if (label[0] < 2 || label[1] != '_') return false;
  std::array<std::uint8_t, 64> rest;
  rest[0] = static_cast<std::uint8_t>(label[0] - 1);
  std::memcpy(rest.data() + 1, label + 2, rest[0]);
  return is_ldh(rest.data());
}

int hex_digit(std::uint8_t c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// The address that the label spells; its size, 0 = none.
std::size_t read_address(const std::uint8_t* label, std::array<std::uint8_t, 16>& address) noexcept {
  if (label[0] != 8 && label[0] != 32) return 0;
  for (unsigned i = 0; i < label[0]; i += 2) {
    const int high = hex_digit(label[i + 1]), low = hex_digit(label[i + 2]);
    if (high < 0 || low < 0) return 0;
    address[i / 2] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return label[0] / 2U;
}

// Every address has a name, registered or not: nothing but the name is asked.
bool respond_address(Answer& a, const Where& where) noexcept {
  std::array<std::uint8_t, 16> address;
  const std::size_t size = read_address(where.below(0), address);
  if (size == 0) return false;
  const std::uint16_t type = size == 4 ? wire::type::a : wire::type::aaaa;
  if (a.query.type == wire::type::any) {
    put_hinfo(a, where.asked, where.view.negative_ttl);
  } else if (a.query.type != type) {
    deny(a, where, wire::Rcode::noerror, where.view.negative_ttl);
  } else if (std::uint8_t* p = put_record(a.writer, where.asked.pointer(), type, where.view.addr_ttl, size)) {
    std::memcpy(p, address.data(), size);
    ++a.counts.answer;
  } else {
    a.tc = true;
  }
  return true;
}

// _payment._v2.service.consul; _tcp and _udp stand for every tag (RFC 2782).
bool respond_underscored(Answer& a, const Where& where, std::uint16_t& target_at, Step& step) noexcept {
  const unsigned parent = where.first_below;
  const std::uint8_t* tag = where.below(0);
  if (!is_underscored(tag) || !is_underscored(where.below(1))) return false;
  const Node* node = find_service(a, where.asked.name, parent - 2, parent);
  if (node == nullptr) return false;
  const std::uint32_t horizon = node->horizon.load(std::memory_order_acquire);
  const ServiceBlock* block = node->service.load(std::memory_order_acquire);
  if (block == nullptr) return false;
  const Where at_service{where.asked, *node, where.zone, where.view, 0, horizon};
  if (protocol_flag(tag) != 0) {
    step = respond_service(a, at_service, *block, target_at);
    return true;
  }
  std::array<std::uint8_t, 64> label;
  label[0] = static_cast<std::uint8_t>(tag[0] - 1);
  std::memcpy(label.data() + 1, tag + 2, label[0]);
  note_sent(*node, a.time.tick);
  a.block = block;
  a.scratch.trace.reached(*node, *block, Trace::Form::selected);
  step = respond_tagged(a, at_service, *block, label.data(), target_at);
  return true;
}

}  // namespace

bool respond_consul(Answer& a, const Where& where, std::uint16_t& target_at, Step& step) noexcept {
  const unsigned apex = where.asked.name.labels - where.zone.labels;
  const auto at = [&](unsigned i) { return where.asked.name.label(apex - 1 - i); };
  const unsigned kind = datacenter_labels(where, apex, at);
  // What encloses the name is service.<apex> or addr.<apex> itself.
  if (where.first_below == 0 || where.node.labels != where.zone.labels + kind + 1U) return false;
  if (label_is(at(kind), "addr")) return where.first_below == 1 && respond_address(a, where);
  if (!label_is(at(kind), "service")) return false;
  if (where.first_below == 2) return respond_underscored(a, where, target_at, step);
  if (where.first_below != 1 || !is_underscored(where.below(0))) return false;
  // _v2.service.consul is there for every tag, as resolvers walk down label by label.
  if (a.query.type == wire::type::any) {
    put_hinfo(a, where.asked, where.view.negative_ttl);
  } else {
    deny(a, where, wire::Rcode::noerror, where.view.negative_ttl);
  }
  return true;
}

bool could_be_consul(const Where& where) noexcept {
  const unsigned n = where.asked.name.labels - where.zone.labels;
  const auto at = [&](unsigned i) { return where.asked.name.label(n - 1 - i); };
  const unsigned kind = datacenter_labels(where, n, at);
  const unsigned below = n - std::min(n, kind + 1);
  const auto named = [&](unsigned i) { return at(kind + 1 + i); };
  if (below == 0) return false;
  if (label_is(at(kind), "node")) {
    for (unsigned i = 0; i < below; ++i) {
      if (!is_ldh(named(i))) return false;
    }
    return true;
  }
  if (!label_is(at(kind), "service") || below > 2) return false;
  if (is_ldh(named(0))) return below == 1 || is_ldh(named(1)) || label_is(named(1), "_status");
  return below == 2 && is_underscored(named(0)) && is_underscored(named(1));
}

}  // namespace dnsd::serve
