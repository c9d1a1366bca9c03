#include "api/eureka/registration.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/eureka/dialect.h"

namespace api::eureka {

using registry::CheckDef;
using registry::CheckKind;
using registry::CheckState;
using registry::DomainName;
using registry::Instance;
using registry::InstanceDef;

namespace {

constexpr std::string_view kLease = "lease";
constexpr std::string_view kSecure = "https";   // _https._tcp.worker.corp
constexpr std::int64_t kLongestLease = 86'400;  // registry/check.h

// Another status is another check, so that it begins as it is: in the same commit, and again after a restart.
std::string check_name(const Notes& notes) {
  if (reports_up(notes)) return std::string(kLease);
  auto name = "status-" + registry::fold(to_string(notes.status));
  std::ranges::replace(name, '_', '-');
  return name;
}

bool is_ours(const CheckDef& check) {
  return check.kind == CheckKind::heartbeat && (check.name == kLease || check.name.starts_with("status-"));
}

registry::Result<void> read_address(const Body& body, InstanceDef& def) {
  std::string_view ip = body.ip;
  if (ip.starts_with('[') && ip.ends_with(']')) ip = ip.substr(1, ip.size() - 2);
  def.addresses.v4 = registry::parse_ipv4(ip);
  if (!def.addresses.v4) def.addresses.v6 = registry::parse_ipv6(ip);
  if (!def.addresses.empty()) return {};
  const auto name = DomainName::parse(ip);
  if (!name) return bad_request(fmt::format("ipAddr \"{}\" is no address, nor a host name", body.ip));
  def.host = name->text();
  return {};
}

void read_ports(const Body& body, InstanceDef& def, Notes& notes) {
  if (body.port.enabled) def.port = body.port.number;
  if (!body.port.enabled) notes.port = body.port.number;
  if (!body.secure_port.enabled) {
    if (body.secure_port.number != kSecurePort) notes.secure_port = body.secure_port.number;
    return;
  }
  def.ports[kSecure].port = *body.secure_port.number;
  if (!def.port) def.port = body.secure_port.number;
}

// The zone as Spring and Netflix's own clients tell it, where it can be a label.
void read_zone(const Body& body, InstanceDef& def) {
  const auto zone = def.meta.find("zone");
  std::string text = zone == def.meta.end() ? "" : zone->second;
  const auto* metadata = body.data_center.if_contains("metadata");
  const auto* amazon = metadata ? metadata->get_object().if_contains("availability-zone") : nullptr;
  if (text.empty() && amazon) text = amazon->get_string();
  if (registry::is_ldh_label(text)) def.zone = text;
}

registry::Result<void> read_data_center(const Body& body, Notes& notes) {
  // One of another name, and none of Java's clients can read the answer.
  const std::string_view name = body.data_center.at("name").get_string();
  if (std::ranges::find(kDataCenters, name) == kDataCenters.end()) {
    return bad_request(fmt::format("dataCenterInfo Name must be MyOwn, Amazon or Netflix, not {}", name));
  }
  if (name != kDataCenters[0] || body.data_center.size() > 1) notes.data_center = body.data_center;
  return {};
}

void read_notes_of(const Body& body, const DomainName& service, Notes& notes) {
  if (to_upper(service.first_label()) != body.app) notes.app = body.app;
  if (body.host_name != body.ip) notes.host_name = body.host_name;
  notes.status = body.status;
  notes.renewal_interval = body.renewal_interval;
  notes.texts = body.texts;
}

CheckDef lease_of(const Body& body, int factor, Notes& notes) {
  CheckDef lease;
  lease.name = kLease;
  lease.kind = CheckKind::heartbeat;
  const auto asked = body.lease > 0 ? body.lease : kLeaseDuration;
  const auto seconds = std::min(std::min(asked, kLongestLease) * factor, kLongestLease);
  lease.lease = std::chrono::seconds(seconds);
  if (seconds != asked) notes.duration = asked;
  return lease;
}

// Two definitions that differ in nothing but when they were made.
void date(Notes& notes, InstanceDef& def, const Body& body, const Instance* present, registry::Wall now) {
  const auto before = present ? read_notes(*present->def) : Notes();
  const auto at = to_milliseconds(now);
  notes.registered = before.registered != 0 ? before.registered : at;
  notes.updated = before.updated;
  notes.dirty = body.dirty != 0 ? body.dirty : before.dirty;
  settle(notes, def);
  if (present && *present->def == def) return;
  notes.updated = at;
  if (body.dirty == 0) notes.dirty = at;
  settle(notes, def);
}

}  // namespace

std::int64_t to_milliseconds(registry::Wall time) { return time.time_since_epoch().count(); }

bool reports_up(const Notes& notes) {
  if (notes.status == Status::up) return true;
  return effective(notes.status, notes.override_status) == Status::up;
}

std::string report_of(const Notes& notes) {
  return reports_up(notes) ? std::string() : fmt::format("the client says {}", to_string(notes.status));
}

void settle(const Notes& notes, InstanceDef& def) {
  for (std::size_t i = 0; notes.registered != 0 && i < def.checks.size(); ++i) {
    if (!is_ours(std::as_const(def.checks)[i])) continue;
    def.checks[i].name = check_name(notes);
    def.checks[i].initial = reports_up(notes) ? CheckState::unknown : CheckState::critical;
    break;
  }
  write_notes(notes, def);
}

registry::Result<InstanceDef> define(const Body& body, const DomainName& service, const Instance* present,
                                     registry::Wall now, int lease_factor) {
  InstanceDef def;
  Notes notes;
  def.id = body.id;
  def.label = present ? present->def->label : registry::label_for_id(body.id);
  if (present) def.foreign = present->def->foreign;  // what other interfaces keep there
  if (auto address = read_address(body, def); !address) return std::unexpected(std::move(address.error()));
  if (auto center = read_data_center(body, notes); !center) return std::unexpected(std::move(center.error()));
  read_ports(body, def, notes);
  for (const auto& [key, value] : body.metadata) set_metadata(def, notes, key, value);
  read_zone(body, def);
  read_notes_of(body, service, notes);
  if (present) notes.override_status = override_of(*present, read_notes(*present->def));
  def.checks.push_back(lease_of(body, lease_factor, notes));
  date(notes, def, body, present, now);
  return def;
}

}  // namespace api::eureka
