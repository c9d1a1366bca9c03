#include "dnsd/update/plan.h"

#include <algorithm>
#include <map>
#include <set>

#include "dnsd/answers/presentation.h"
#include "dnsd/answers/wire_name.h"
#include "dnsd/transfer/view.h"
#include "dnsd/update/draft.h"
#include "dnsd/wire/writer.h"

namespace dnsd::update {
namespace {

using registry::DomainName;
using transfer::RecordList;
using transfer::RecordView;
using wire::Rcode;
using wire::Record;
namespace type = wire::type;
namespace klass = wire::klass;

constexpr std::string_view kOnlyInstances = "only A, AAAA, SRV and TXT of instances";
constexpr std::uint32_t kShortestLease = 1, kLongestLease = 86'400;  // seconds, as of every lease

// The labels of a name below an apex, nearest to the apex last; folded as text is compared.
std::vector<std::string> labels_below(std::string_view owner, std::size_t apex_size) {
  std::vector<std::string> out;
  while (owner.size() > apex_size) {
    const auto length = static_cast<std::uint8_t>(owner[0]);
    out.emplace_back(owner.substr(1, length));
    owner.remove_prefix(1U + length);
  }
  return out;
}

bool is_meta(std::uint16_t t) { return t == type::tsig || t == type::opt || (t >= 128 && t <= 255); }

// Records of the transfer view at one name. A name below a service is found in that service's part alone.
RecordList records_at(const transfer::Content& content, const registry::Namespace& space, const std::string& owner) {
  RecordList out;
  const std::string folded = wire::fold(owner);
  const auto keep = [&](const RecordView& r) {
    if (wire::fold(r.owner) == folded) out.add(r);
  };
  content.statics()->each(keep);
  if (folded == wire::fold(content.apex())) out.add(content.apex(), type::soa, content.soa().ttl, content.soa().rdata);
  auto labels = labels_below(folded, content.apex().size());
  if (labels.empty()) return out;
  std::string near = labels.back();
  if (near == "_udp" && labels.size() == 3 && labels[1] == "_dns-sd") {
    for (const auto& [key, block] : content.blocks()) content.records_of(*block).each(keep);
    return out;
  }
  if ((near == "_tcp" || near == "_udp") && labels.size() > 1 && labels[labels.size() - 2].starts_with('_'))
    near = labels[labels.size() - 2].substr(1);
  const auto block = content.blocks().find(near + "." + space.def.name.key());
  if (block != content.blocks().end()) content.records_of(*block->second).each(keep);
  return out;
}

bool holds(const RecordList& records, std::uint16_t wanted) {
  bool found = false;
  records.each([&](const RecordView& r) { found = found || wanted == type::any || r.type == wanted; });
  return found;
}

std::string comparable(std::uint16_t t, std::string_view rdata) {  // names compare without case (RFC 2136 1.1)
  return wire::names_in(t).count == 0 ? std::string(rdata) : wire::fold(rdata);
}

// -- one update at work --------------------------------------------------------------------------------------------

class Planner {
 public:
  Planner(const registry::Registry& registry, const registry::Namespace& space, const transfer::Content& content)
      : space_(space), content_(content), apex_size_(content.apex().size()), drafts_(registry) {}

  std::optional<Refusal> run(const Record& record) {
    const auto labels = labels_below(record.owner, apex_size_);
    std::optional<DomainName> service;
    if (labels.size() == 1 || labels.size() == 2) {
      auto name = DomainName::parse(labels.back() + "." + space_.def.name.text());
      if (name && !registry::is_reserved_service_label(labels.back())) service = *std::move(name);
    }
    // A static record is the zone file's, also under a name that an instance could have.
    if (record.klass != klass::in && is_static(record)) return Refusal{Rcode::refused, kOnlyInstances};
    if (!service || (labels.size() == 2 && !registry::is_ldh_label(labels.front()))) return foreign(record);
    return labels.size() == 1 ? at_service(record, *service) : at_instance(record, *service, labels.front());
  }

  Drafts& drafts() { return drafts_; }

 private:
  [[nodiscard]] bool is_static(const Record& record) const {
    const std::string owner = wire::fold(record.owner);
    bool found = false;
    content_.statics()->each([&](const RecordView& r) {
      found = found || ((record.type == type::any || r.type == record.type) && wire::fold(r.owner) == owner);
    });
    return found;
  }

  // A name that no instance has: to add is refused, to delete only what is there.
  std::optional<Refusal> foreign(const Record& record) {
    if (record.klass == klass::in || holds(records_at(content_, space_, record.owner), record.type))
      return Refusal{Rcode::refused, kOnlyInstances};
    return std::nullopt;
  }

  std::optional<Refusal> at_service(const Record& record, const DomainName& service);
  std::optional<Refusal> at_instance(const Record& record, const DomainName& service, const std::string& label);
  std::optional<Refusal> add(const Record& record, Drafts::Draft& draft, const std::string& label);
  std::optional<Refusal> add_address(Drafts::Draft& draft, const Record& record);
  static void remove(const Record& record, Drafts::Draft& draft);

  const registry::Namespace& space_;
  const transfer::Content& content_;
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

std::string label_of(const registry::Ipv4& address) {
  std::string out = "ip-" + registry::to_string(address);
  std::ranges::replace(out, '.', '-');
  return out;
}

std::string label_of(const registry::Ipv6& address) {
  constexpr char hex[] = "0123456789abcdef";
  std::string out = "ip-";
  for (const auto octet : address.octets) out += {hex[octet >> 4], hex[octet & 15]};
  return out;
}

std::optional<std::pair<std::string, std::string>> pair_of(std::string_view rdata) {
  std::string text;
  while (!rdata.empty()) {
    const auto size = static_cast<std::uint8_t>(rdata[0]);
    if (rdata.size() < 1U + size) return std::nullopt;
    text += rdata.substr(1, size);
    rdata.remove_prefix(1U + size);
  }
  std::string key;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '=') return key.empty() ? std::nullopt : std::optional(std::pair{key, text.substr(i + 1)});
    if (text[i] == '`' && i + 1 < text.size()) ++i;  // RFC 1464: the next character stands for itself
    key += text[i];
  }
  return std::nullopt;
}

std::expected<const registry::Namespace*, Refusal> find_space(const registry::Registry& registry,
                                                              const wire::Message& message) {
  if (message.questions.size() != 1 || message.questions.front().type != type::soa)
    return std::unexpected(Refusal{Rcode::formerr, "the Zone section (RFC 2136 3.1.1)"});
  auto text = answers::name_to_text(wire::fold(message.questions.front().name)).value_or("");
  if (text.ends_with('.')) text.pop_back();
  const auto* space = message.questions.front().klass == klass::in ? registry.find_namespace(text) : nullptr;
  if (space == nullptr) return std::unexpected(Refusal{Rcode::notauth, "not a namespace of this server"});
  return space;
}

std::optional<Refusal> check_prerequisites(const wire::Message& message, const registry::Namespace& space,
                                           const transfer::Content& content) {
  using Set = std::set<std::string>;
  std::map<std::pair<std::string, std::uint16_t>, Set> wanted;
  for (const Record& r : message.answer()) {
    if (r.ttl != 0 || (r.klass != klass::in && !r.rdata.empty())) return Refusal{Rcode::formerr, "RFC 2136 3.2.5"};
    if (!answers::is_at_or_below(r.owner, content.apex())) return Refusal{Rcode::notzone, "a name outside the zone"};
    if (r.klass == klass::in) {
      if (is_meta(r.type)) return Refusal{Rcode::formerr, "RFC 2136 3.2.5"};
      wanted[{wire::fold(r.owner), r.type}].insert(comparable(r.type, r.rdata));
      continue;
    }
    if (r.klass != klass::any && r.klass != klass::none) return Refusal{Rcode::formerr, "RFC 2136 3.2.5"};
    const bool there = holds(records_at(content, space, r.owner), r.type);
    const bool name = r.type == type::any;
    if (r.klass == klass::any && !there) return Refusal{name ? Rcode::nxdomain : Rcode::nxrrset, "prerequisite"};
    if (r.klass == klass::none && there) return Refusal{name ? Rcode::yxdomain : Rcode::yxrrset, "prerequisite"};
  }
  for (const auto& [key, rdatas] : wanted) {
    Set there;
    records_at(content, space, key.first).each([&](const RecordView& r) {
      if (r.type == key.second) there.insert(comparable(r.type, r.rdata));
    });
    if (there != rdatas) return Refusal{Rcode::nxrrset, "prerequisite"};
  }
  return std::nullopt;
}

std::expected<Plan, Refusal> plan(const registry::Registry& registry, const registry::Namespace& space,
                                  const transfer::Content& content, const wire::Message& message) {
  if (auto bad = prescan(message, content.apex())) return std::unexpected(*bad);
  const auto lease = lease_asked(message);
  if (!lease) return std::unexpected(lease.error());
  Planner planner(registry, space, content);
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
