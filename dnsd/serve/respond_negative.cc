// Denials: NODATA and NXDOMAIN with the zone's SOA, whose TTL says how long nothing can change (RFC 2308).
#include <algorithm>

#include "dnsd/serve/selectors.h"

namespace dnsd::serve {

using answers::ZoneKind;

bool is_ldh(const std::uint8_t* label) noexcept {
  const unsigned n = label[0];
  for (unsigned i = 1; i <= n; ++i) {
    const std::uint8_t c = label[i];
    const bool alphanumeric = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (!alphanumeric && (c != '-' || i == 1 || i == n)) return false;
  }
  return n != 0;
}

bool is_selector_label(const std::uint8_t* label) noexcept {
  return label[1] == '_' && (label_is(label, "_tag") || label_is(label, "_not") || label_is(label, "_zone"));
}

namespace {

bool is_service_label(const std::uint8_t* label) noexcept {
  return is_ldh(label) && !label_is(label, "ns") && !label_is(label, "ns1");
}
bool is_port_label(const std::uint8_t* label) noexcept { return label[0] > 1 && label[1] == '_'; }

// Could the name, `n` labels below a service, come into being by a registration? `at(i)`: the i-th outward.
template <class At>
bool fits_service(unsigned n, At at) noexcept {
  const SelectorPath path = read_selectors(n, at);
  if (!path.valid || path.open) return path.valid;
  const unsigned rest = n - path.labels;
  const auto below = [&](unsigned i) { return at(path.labels + i); };
  if (rest == 0) return true;
  if (rest == 1 && path.count == 0 && (is_ldh(below(0)) || label_is(below(0), "_status"))) return true;
  return protocol_flag(below(0)) != 0 && (rest == 1 || (rest == 2 && is_port_label(below(1))));
}

bool could_be_in_namespace(const Where& where) noexcept {
  if (where.zone.consul) return could_be_consul(where);
  unsigned n = where.asked.name.labels - where.zone.labels;
  const auto at = [&](unsigned i) { return where.asked.name.label(n - 1 - i); };  // 0 is next to the apex
  if (n == 0) return false;
  if (where.zone.on_demand) {
    if (n == 1 || !label_is(at(0), "svc") || !is_ldh(at(1))) return false;
    if (n == 2) return true;  // a namespace
    n -= 2;                   // what could be in it
  }
  if (protocol_flag(at(0)) != 0) {
    return n == 1 || (is_port_label(at(1)) && (n == 2 || (n == 3 && is_ldh(at(2)))));
  }
  // Under a static owner nothing can be registered: its first label is taken.
  const bool below_apex = where.zone.on_demand || where.node.labels == where.zone.labels;
  const bool below_service = where.node.service.load(std::memory_order_relaxed) != nullptr;
  if (!below_apex && !below_service) return false;
  return is_service_label(at(0)) && fits_service(n - 1, [&](unsigned i) { return at(i + 1); });
}

bool is_reverse_label(const std::uint8_t* label, bool v6) noexcept {
  if (v6) return label[0] == 1 && ((label[1] >= '0' && label[1] <= '9') || (label[1] >= 'a' && label[1] <= 'f'));
  if (label[0] > 3 || (label[0] > 1 && label[1] == '0')) return false;
  unsigned value = 0;
  for (unsigned i = 1; i <= label[0]; ++i) {
    if (label[i] < '0' || label[i] > '9') return false;
    value = value * 10 + label[i] - '0';
  }
  return value <= 255;
}

bool could_be_reverse(const Where& where) noexcept {
  if (where.asked.name.labels > where.zone.reverse_labels) return false;
  const bool v6 = where.zone.reverse_labels == 34;
  for (unsigned i = 0; i + where.zone.labels < where.asked.name.labels; ++i) {
    if (!is_reverse_label(where.asked.name.label(i), v6)) return false;
  }
  return true;
}

}  // namespace

bool could_be_registered(const Where& where) noexcept {
  if (where.zone.kind == ZoneKind::name_space) return could_be_in_namespace(where);
  return where.zone.kind == ZoneKind::reverse && could_be_reverse(where);
}

bool put_soa(Answer& a, const Where& where, std::uint32_t ttl) noexcept {
  const auto& view = where.view;
  const std::uint16_t owner = where.asked.pointer_to(where.asked.name.labels - where.zone.labels);
  std::uint8_t* p = put_record(a.writer, owner, wire::type::soa, ttl, view.soa_size);
  if (p == nullptr) return false;
  std::memcpy(p, view.soa.data(), view.soa_size);
  wire::put32(p + view.serial_at(), where.zone.serial.load(std::memory_order_relaxed));
  return true;
}

void deny(Answer& a, const Where& where, wire::Rcode rcode, std::uint32_t ttl) noexcept {
  a.rcode = rcode;
  // RFC 2308 5: no denial may outlive what the zone says of its denials.
  ttl = std::min(ttl, where.view.negative_ttl);
  if (!put_soa(a, where, ttl)) {
    a.tc = true;
    return;
  }
  ++a.counts.authority;
  if (wants_proofs(a, where.zone)) put_soa_signatures(a, where, ttl, a.counts.authority);
}

void deny_name(Answer& a, const Where& where) noexcept {
  deny(a, where, wire::Rcode::nxdomain, could_be_registered(where) ? kSoonTtl : where.view.negative_ttl);
  if (wants_proofs(a, where.zone)) prove_no_name(a, where);
}

void put_hinfo(Answer& a, const Asked& asked, std::uint32_t ttl) noexcept {
  constexpr std::string_view rdata("\7RFC8482\0", 9);
  std::uint8_t* p = put_record(a.writer, asked.pointer(), wire::type::hinfo, ttl, rdata.size());
  if (p == nullptr) {
    a.tc = true;
    return;
  }
  std::memcpy(p, rdata.data(), rdata.size());
  ++a.counts.answer;
}

}  // namespace dnsd::serve
