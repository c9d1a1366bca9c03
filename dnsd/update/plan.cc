#include "dnsd/update/plan.h"

#include <algorithm>

#include "dnsd/answers/presentation.h"
#include "dnsd/update/draft.h"
#include "dnsd/update/view_records.h"
#include "dnsd/wire/writer.h"

namespace dnsd::update {
namespace {

using registry::DomainName;
using wire::Rcode;
using wire::Record;
namespace type = wire::type;
namespace klass = wire::klass;

constexpr std::string_view kOnlyInstances = "only A, AAAA, SRV and TXT of instances";
constexpr std::uint32_t kShortestLease = 1, kLongestLease = 86'400;  // seconds, as of every lease

class Planner {
 public:
  Planner(const registry::Registry& registry, const registry::Namespace& space, ViewRecords& view)
      : space_(space), view_(view), apex_size_(view.apex().size()), drafts_(registry) {}

  std::optional<Refusal> run(const Record& record) {
    const auto labels = labels_below(record.owner, apex_size_);
    const auto service = labels.size() == 1 || labels.size() == 2 ? service_of(labels.back()) : std::nullopt;
    // A static record is the zone file's, also under a name that an instance could have.
    if (record.klass != klass::in && view_.has_static(record.owner, record.type))
      return Refusal{Rcode::refused, kOnlyInstances};
    if (!service || (labels.size() == 2 && !registry::is_ldh_label(labels.front()))) return foreign(record);
    return labels.size() == 1 ? at_service(record, *service) : at_instance(record, *service, labels.front());
  }

  Drafts& drafts() { return drafts_; }

 private:
  // One label, and of this namespace: "x.b" as a label, with its dot inside, is no way into the namespace b.corp.
  [[nodiscard]] std::optional<DomainName> service_of(const std::string& label) const {
    if (!registry::is_ldh_label(label) || registry::is_reserved_service_label(label)) return std::nullopt;
    auto name = DomainName::parse(label + "." + space_.def.name.text());
    if (!name || name->parent_key() != space_.def.name.key()) return std::nullopt;
    return *std::move(name);
  }

  // A name that no instance has: to add is refused, to delete only what is there.
  std::optional<Refusal> foreign(const Record& record) {
    if (record.klass == klass::in || view_.has(record.owner, record.type))
      return Refusal{Rcode::refused, kOnlyInstances};
    return std::nullopt;
  }

  std::optional<Refusal> at_service(const Record& record, const DomainName& service);
  std::optional<Refusal> at_instance(const Record& record, const DomainName& service, const std::string& label);
  std::optional<Refusal> add(const Record& record, Drafts::Draft& draft, const std::string& label);
  std::optional<Refusal> add_address(Drafts::Draft& draft, const Record& record);
  static void remove(const Record& record, Drafts::Draft& draft);

  const registry::Namespace& space_;
  ViewRecords& view_;
  std::size_t apex_size_;
  Drafts drafts_;
};

std::optional<registry::Ipv4> v4_of(const Record& r) {
  if (r.type != type::a || r.rdata.size() != 4) return std::nullopt;
  registry::Ipv4 out;
  std::copy(r.rdata.begin(), r.rdata.end(), out.octets.begin());
  return out;
}

std::optional<registry::Ipv6> v6_of(const Record& r) {
  if (r.type != type::aaaa || r.rdata.size() != 16) return std::nullopt;
  registry::Ipv6 out;
  std::copy(r.rdata.begin(), r.rdata.end(), out.octets.begin());
  return out;
}

bool has_address(const registry::InstanceDef& def, const Record& r) {
  if (const auto v4 = v4_of(r)) return def.addresses.v4 == *v4;
  const auto v6 = v6_of(r);
  return v6 && def.addresses.v6 == *v6;
}

std::optional<Refusal> Planner::at_service(const Record& record, const DomainName& service) {
  const bool address = record.type == type::a || record.type == type::aaaa;
  if (record.klass == klass::in) {
    const auto v4 = v4_of(record);
    const auto v6 = v6_of(record);
    if (address && !v4 && !v6) return Refusal{Rcode::formerr, "an address of the wrong length"};
    if (!address) return Refusal{Rcode::refused, kOnlyInstances};
    for (Drafts::Draft* draft : drafts_.of(service)) {
      if (draft->now && has_address(*draft->now, record)) {
        draft->touched = true;  // it is there already (RFC 2136 3.4.2.2)
        return std::nullopt;
      }
    }
    const std::string label = v4 ? label_of(*v4) : label_of(*v6);
    return add(record, drafts_.at(service, label), label);
  }
  if (!address && record.type != type::any) return foreign(record);
  for (Drafts::Draft* draft : drafts_.of(service)) {
    if (record.type == type::any) {
      draft->now.reset();
    } else {
      remove(record, *draft);
    }
  }
  return std::nullopt;
}

std::optional<Refusal> Planner::at_instance(const Record& record, const DomainName& service, const std::string& label) {
  Drafts::Draft& draft = drafts_.at(service, label);
  if (record.klass == klass::in) return add(record, draft, label);
  if (record.type == type::any) {
    draft.now.reset();
  } else {
    remove(record, draft);
  }
  return std::nullopt;
}

std::optional<Refusal> Planner::add_address(Drafts::Draft& draft, const Record& record) {
  auto& addresses = draft.now->addresses;
  if (!draft.now->host.empty()) return Refusal{Rcode::refused, "the instance has a host name instead of addresses"};
  if (has_address(*draft.now, record)) return std::nullopt;
  if (record.type == type::a ? addresses.v4.has_value() : addresses.v6.has_value())
    return Refusal{Rcode::refused, "an instance has one address of each family"};
  if (const auto v4 = v4_of(record)) {
    addresses.v4 = *v4;
  } else if (const auto v6 = v6_of(record)) {
    addresses.v6 = *v6;
  } else {
    return Refusal{Rcode::formerr, "an address of the wrong length"};
  }
  return std::nullopt;
}

std::optional<Refusal> Planner::add(const Record& record, Drafts::Draft& draft, const std::string& label) {
  if (!draft.now) {
    draft.now.emplace();
    draft.now->id = draft.before != nullptr ? draft.before->def->id : label;
    draft.now->label = label;
  }
  draft.touched = true;
  const std::string& rdata = record.rdata;
  switch (record.type) {
    case type::a:
    case type::aaaa:
      return add_address(draft, record);
    case type::srv: {
      if (rdata.size() < 7) return Refusal{Rcode::formerr, "an SRV record that is too short"};
      const auto* p = reinterpret_cast<const std::uint8_t*>(rdata.data());
      if (wire::fold(std::string_view(rdata).substr(6)) != wire::fold(record.owner))
        return Refusal{Rcode::refused, "an instance's SRV target is its own name"};
      draft.now->priority = wire::get16(p);
      draft.now->weight = wire::get16(p + 2);
      draft.now->port = wire::get16(p + 4);
      return std::nullopt;
    }
    case type::txt: {
      const auto pair = pair_of(rdata);
      if (!pair) return Refusal{Rcode::refused, "a TXT record of an instance is one pair, key=value"};
      draft.now->meta[pair->first] = pair->second;
      return std::nullopt;
    }
    default:
      return Refusal{Rcode::refused, kOnlyInstances};
  }
}

// RFC 2136 3.4.2.3 and 3.4.2.4: what is not there is ignored.
void Planner::remove(const Record& record, Drafts::Draft& draft) {
  if (!draft.now) return;
  registry::InstanceDef& def = *draft.now;
  const bool whole_set = record.klass == klass::any;
  switch (record.type) {
    case type::a:
      if (whole_set || has_address(def, record)) def.addresses.v4.reset();
      break;
    case type::aaaa:
      if (whole_set || has_address(def, record)) def.addresses.v6.reset();
      break;
    case type::srv: {
      const auto* p = reinterpret_cast<const std::uint8_t*>(record.rdata.data());
      const bool same = record.rdata.size() > 6 && def.port && wire::get16(p) == def.priority &&
                        wire::get16(p + 2) == def.weight && wire::get16(p + 4) == *def.port;
      if (whole_set || same) def.port.reset();
      break;
    }
    case type::txt: {
      if (whole_set) def.meta.clear();
      const auto pair = whole_set ? std::nullopt : pair_of(record.rdata);
      if (!pair) break;
      if (const auto at = def.meta.find(pair->first); at != def.meta.end() && at->second == pair->second)
        def.meta.erase(pair->first);
      break;
    }
    default:
      break;
  }
}

std::optional<Refusal> prescan(const wire::Message& message, std::string_view apex) {
  for (const Record& r : message.authority()) {
    if (!answers::is_at_or_below(r.owner, apex)) return Refusal{Rcode::notzone, "a name outside the zone"};
    const bool good = r.klass == klass::in ? !is_meta(r.type)
                      : r.klass == klass::any
                          ? r.ttl == 0 && r.rdata.empty() && (r.type == type::any || !is_meta(r.type))
                      : r.klass == klass::none ? r.ttl == 0 && !is_meta(r.type)
                                               : false;
    if (!good) return Refusal{Rcode::formerr, "RFC 2136 3.4.1"};
  }
  return std::nullopt;
}

// RFC 9664: LEASE, and KEY-LEASE, which has nothing to hold on to here.
std::expected<std::optional<std::uint32_t>, Refusal> lease_asked(const wire::Message& message) {
  constexpr std::uint16_t update_lease = 2;
  for (const Record& r : message.additional()) {
    if (r.type != type::opt) continue;
    const auto* p = reinterpret_cast<const std::uint8_t*>(r.rdata.data());
    for (std::size_t at = 0, left = r.rdata.size(); left >= 4;) {
      const std::size_t size = wire::get16(p + at + 2);
      if (left - 4 < size) return std::unexpected(Refusal{Rcode::formerr, "an EDNS option that is too short"});
      if (wire::get16(p + at) == update_lease) {
        if (size != 4 && size != 8)
          return std::unexpected(Refusal{Rcode::formerr, "an Update Lease of a wrong length"});
        return std::clamp(wire::get32(p + at + 4), kShortestLease, kLongestLease);
      }
      at += 4 + size;
      left -= 4 + size;
    }
  }
  return std::nullopt;
}

}  // namespace

std::expected<Plan, Refusal> plan(const registry::Registry& registry, const registry::Namespace& space,
                                  ViewRecords& view, const wire::Message& message) {
  if (auto bad = prescan(message, view.apex())) return std::unexpected(*bad);
  const auto lease = lease_asked(message);
  if (!lease) return std::unexpected(lease.error());
  Planner planner(registry, space, view);
  for (const Record& record : message.authority()) {
    if (auto bad = planner.run(record)) return std::unexpected(*bad);
  }
  planner.drafts().drop_addressless();
  if (!planner.drafts().all_have_addresses())
    return std::unexpected(Refusal{Rcode::refused, "an instance needs an address first"});
  std::optional<registry::CheckDef> check;
  if (*lease) {
    check.emplace();
    check->name = "lease";
    check->kind = registry::CheckKind::heartbeat;
    check->lease = std::chrono::seconds(**lease);
  }
  return Plan{planner.drafts().commands(check), *lease};
}

}  // namespace dnsd::update
