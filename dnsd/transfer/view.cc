#include "dnsd/transfer/view.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "dnsd/answers/ticks.h"
#include "dnsd/answers/wire_name.h"
#include "dnsd/answers/zone_builder.h"
#include "dnsd/transfer/packed.h"
#include "dnsd/wire/query.h"
#include "dnsd/wire/writer.h"

namespace dnsd::transfer {
namespace {

using answers::Entry;
using answers::InstanceText;
using answers::ServiceBlock;

// Names that an alias's apex makes too long are left out, as in answers.
class ServiceView {
 public:
  ServiceView(const ServiceBlock& block, std::string_view apex, std::uint32_t list_ttl)
      : block_(block),
        apex_(apex),
        list_ttl_(list_ttl),
        label_(label_at(block.at<std::uint8_t>(block.label))),
        name_(std::string(label_) + std::string(apex)) {}

  RecordList take() {
    collect();
    // Instances that share a host name may have equal SRV records; a set has no repeats (RFC 2181 5).
    const auto end = block_.entries() + block_.total;
    const bool hosts = std::any_of(block_.entries(), end, [](const Entry& e) { return e.has(Entry::kHost); });
    return hosts ? without_repeats(out_) : std::move(out_);
  }

 private:
  void collect() {
    if (name_.size() > answers::kMaxName) return;
    if (block_.has(ServiceBlock::kAlias)) {
      const auto* target = block_.at<std::uint8_t>(block_.cname);
      return add(name_, wire::type::cname, octets(target, answers::wire_size(target)));
    }
    if (block_.has(ServiceBlock::kPublishCname)) {
      own_cname();
    } else {
      own_addresses();
      own_texts();
      for (unsigned i = 0; i < block_.listed; ++i) {
        const Entry& e = entry(i);
        if (e.has(Entry::kTcp | Entry::kUdp)) add(name_, wire::type::srv, srv(e, e.port));
      }
    }
    by_protocol(Entry::kTcp, ServiceBlock::kDefaultTcp, "_tcp");
    by_protocol(Entry::kUdp, ServiceBlock::kDefaultUdp, "_udp");
    named_ports();
    for (unsigned i = 0; i < block_.total; ++i) instance(entry(i));
  }

  [[nodiscard]] const Entry& entry(unsigned i) const { return block_.entries()[i]; }
  void add(const std::string& owner, std::uint16_t type, std::string_view rdata) {
    add(owner, type, block_.ttl, rdata);
  }
  void add(const std::string& owner, std::uint16_t type, std::uint32_t ttl, std::string_view rdata) {
    if (owner.size() <= answers::kMaxName) out_.add(owner, type, ttl, rdata);
  }
  // Of what stands under an instance's own names. A secondary knows no end of a drain: from its begin on, who asks for
  // the target of an older SRV record in that record's last moment gets a copy that ends soon.
  [[nodiscard]] std::uint32_t own_ttl(const Entry& e) const {
    return e.has(Entry::kDraining) ? block_.min_ttl : block_.ttl;
  }
  [[nodiscard]] std::string own_name(const Entry& e) const {
    return std::string(label_at(block_.at<std::uint8_t>(e.text))) + name_;
  }
  [[nodiscard]] std::string srv(const Entry& e, std::uint16_t port) const {
    std::string target = own_name(e);
    if (e.has(Entry::kHost)) {
      const auto* host = block_.text_of(e).host;
      target = octets(host, answers::wire_size(host));
    }
    return be16(e.priority) + be16(e.effective_weight()) + be16(port) + target;
  }

  // One of the hosts that the primary draws from.
  void own_cname() {
    for (unsigned i = 0; i < block_.listed; ++i) {
      if (!entry(i).has(Entry::kHost)) continue;
      const auto* host = block_.text_of(entry(i)).host;
      return add(name_, wire::type::cname, octets(host, answers::wire_size(host)));
    }
  }

  void own_addresses() {
    std::set<std::string_view> v4, v6;  // instances may share an address
    for (unsigned i = 0; i < block_.tier_size; ++i) {
      const Entry& e = entry(block_.tier_begin + i);
      if (e.has(Entry::kAnswerV4) && v4.insert(octets(e.v4, 4)).second) add(name_, wire::type::a, octets(e.v4, 4));
      if (e.has(Entry::kAnswerV6) && v6.insert(octets(block_.v6_of(e), 16)).second)
        add(name_, wire::type::aaaa, octets(block_.v6_of(e), 16));
    }
  }

  void texts(const std::string& owner, std::uint32_t ttl, const std::uint8_t* meta) {
    each_text(meta, [&](std::string_view rdata) { add(owner, wire::type::txt, ttl, rdata); });
  }
  void own_texts() { texts(name_, block_.ttl, block_.meta != 0 ? block_.at<std::uint8_t>(block_.meta) : nullptr); }

  void by_protocol(std::uint16_t flag, std::uint16_t offered, std::string_view protocol) {
    if (!block_.has(offered) || static_cast<std::uint8_t>(label_[0]) >= registry::kMaxLabel) return;
    const std::string name = underscored(label_) + answers::label_wire(protocol) + std::string(apex_);
    const std::string list = answers::label_wire("_services") + answers::label_wire("_dns-sd") +
                             answers::label_wire("_udp") + std::string(apex_);
    if (name.size() > answers::kMaxName || list.size() > answers::kMaxName) return;
    out_.add(list, wire::type::ptr, list_ttl_, name);
    for (unsigned i = 0; i < block_.total; ++i) {
      const Entry& e = entry(i);
      if (!e.has(flag)) continue;
      const std::string browsed = std::string(label_at(block_.at<std::uint8_t>(e.text))) + name;
      if (i < block_.listed) {
        add(name, wire::type::srv, srv(e, e.port));
        if (browsed.size() <= answers::kMaxName) add(name, wire::type::ptr, browsed);
      }
      add(browsed, wire::type::srv, own_ttl(e), srv(e, e.port));
      add(browsed, wire::type::txt, own_ttl(e), sd_text(block_.text_of(e)));
    }
  }

  // After the others: all pairs as strings of one record (RFC 6763 6).
  [[nodiscard]] static std::string_view sd_text(const InstanceText& text) {
    if (text.meta == nullptr) return {"\0", 1};
    const std::uint8_t* p = text.meta + 2;
    for (unsigned n = size16(text.meta); n != 0; --n) p += 2 + size16(p);
    return octets(p + 2, size16(p));
  }

  void named_ports() {
    for (const answers::PortName& port : block_.named_ports()) {
      const std::string_view label = label_at(block_.at<std::uint8_t>(port.name));
      if (static_cast<std::uint8_t>(label[0]) >= registry::kMaxLabel) continue;
      const std::string owner =
          underscored(label) + answers::label_wire(port.flag == Entry::kTcp ? "_tcp" : "_udp") + name_;
      const auto* items = block_.at<answers::PortItem>(port.items);
      for (unsigned i = 0; i < port.count && items[i].entry < block_.listed; ++i)
        add(owner, wire::type::srv, srv(entry(items[i].entry), items[i].port));
    }
  }

  void instance(const Entry& e) {
    const std::string owner = own_name(e);
    const std::uint32_t ttl = own_ttl(e);
    if (e.has(Entry::kV4)) add(owner, wire::type::a, ttl, octets(e.v4, 4));
    if (e.has(Entry::kV6)) add(owner, wire::type::aaaa, ttl, octets(block_.v6_of(e), 16));
    if (e.has(Entry::kTcp | Entry::kUdp)) add(owner, wire::type::srv, ttl, srv(e, e.port));
    texts(owner, ttl, block_.text_of(e).meta);
  }

  const ServiceBlock& block_;
  std::string_view apex_;
  std::uint32_t list_ttl_;
  std::string_view label_;
  std::string name_;
  RecordList out_;
};

using Owners = std::map<std::string, answers::RecordBuilder>;

std::string ns_of(std::string_view apex) { return answers::label_wire("ns") + std::string(apex); }

// A cut: the name servers of the namespace below, with their addresses where they are named by default.
void add_cut(const registry::NamespaceDef& def, const std::string& apex, const SpaceView& view, Owners& owners) {
  const auto ttl = answers::whole_seconds(def.negative_ttl);
  for (const std::string& name : answers::name_servers(def, apex)) owners[apex].add(wire::type::ns, ttl, name);
  if (def.ns.empty() && ns_of(apex).size() <= answers::kMaxName)
    answers::add_listen_addresses(owners[ns_of(apex)], view.listen_addresses, ttl);
}

}  // namespace

RecordList service_records(const ServiceBlock& block, std::string_view apex, std::uint32_t list_ttl) {
  return ServiceView(block, apex, list_ttl).take();
}

RecordList space_records(const SpaceView& view) {
  const std::string own = answers::fold_wire(answers::to_wire(view.def->name));
  const auto ttl = answers::whole_seconds(view.def->negative_ttl);
  Owners owners;
  std::vector<std::string> cuts;  // in terms of the namespace's own name
  for (const auto* def : view.below) cuts.push_back(answers::fold_wire(answers::to_wire(def->name)));
  const std::string at = answers::fold_wire(view.apex);
  const auto place = [&](const std::string& owner) {
    return answers::fold_wire(owner.substr(0, owner.size() - own.size())) + at;
  };
  if (view.file != nullptr) {
    for (const auto& record : view.file->records) {
      if (record.type == wire::type::soa || !answers::is_at_or_below(record.owner, own)) continue;
      const bool occluded = std::any_of(cuts.begin(), cuts.end(),
                                        [&](const auto& cut) { return answers::is_at_or_below(record.owner, cut); });
      const std::string owner = place(record.owner);
      if (!occluded && owner.size() <= answers::kMaxName) owners[owner].add(record.type, record.ttl, record.rdata);
    }
  }
  auto& apex = owners[at];
  if (!view.def->ns.empty()) apex.remove(wire::type::ns);
  if (!apex.has(wire::type::ns)) {
    for (const std::string& name : answers::name_servers(*view.def, view.apex)) apex.add(wire::type::ns, ttl, name);
  }
  const std::string ns = ns_of(at);
  if (view.def->ns.empty() && ns.size() <= answers::kMaxName && !owners.contains(ns))
    answers::add_listen_addresses(owners[ns], view.listen_addresses, ttl);
  if (view.layout == registry::Layout::kubernetes && !owners.contains(answers::dns_version_name(at)))
    owners[answers::dns_version_name(at)].add(wire::type::txt, ttl, answers::dns_version_rdata());
  for (std::size_t i = 0; i < cuts.size(); ++i) add_cut(*view.below[i], place(cuts[i]), view, owners);

  RecordList out;
  for (const auto& [owner, builder] : owners) {
    const auto block = builder.build();
    if (!block) continue;
    for (const auto& set : block->sets()) {
      (void)block->each(set, [&](std::span<const std::uint8_t> rdata) {
        out.add(owner, set.type, set.ttl, octets(rdata.data(), rdata.size()));
        return true;
      });
    }
  }
  return out;
}

RecordList file_records(const answers::StaticZone& zone) {
  RecordList out;
  for (const auto& r : zone.records) {
    if (r.type != wire::type::soa) out.add(r.owner, r.type, r.ttl, r.rdata);
  }
  return out;
}

std::string soa_rdata(const registry::NamespaceDef& def, std::string_view apex, std::uint32_t serial) {
  const auto view = answers::namespace_view(def, apex, registry::Layout::native);  // the SOA alone
  std::string out(octets(view->soa.data(), view->soa_size));
  wire::put32(reinterpret_cast<std::uint8_t*>(out.data()) + view->serial_at(), serial);
  return out;
}

}  // namespace dnsd::transfer
