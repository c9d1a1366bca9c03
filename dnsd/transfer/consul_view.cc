#include "dnsd/transfer/consul_view.h"

#include <algorithm>
#include <string>

#include "dnsd/answers/consul_names.h"
#include "dnsd/answers/ticks.h"
#include "dnsd/answers/wire_name.h"
#include "dnsd/transfer/packed.h"
#include "dnsd/wire/query.h"

namespace dnsd::transfer {
namespace {

using answers::Entry;
using answers::ServiceBlock;

class ConsulView {
 public:
  ConsulView(const ServiceBlock& block, const registry::NamespaceDef& space, std::string_view apex)
      : block_(block), space_(space), apex_(apex), targets_(answers::consul_parent("addr", apex, space.datacenter)) {}

  ConsulRecords take(const registry::Service& service) {
    for (const std::string& end : answers::consul_parents("service", apex_, space_.datacenter)) {
      const std::string label(label_at(block_.at<std::uint8_t>(block_.label)));
      at_name(label + end);
      for (const auto* protocol : {"_tcp", "_udp"}) at_name(underscored(label) + answers::label_wire(protocol) + end);
    }
    for (unsigned i = 0; i < block_.total; ++i) address(block_.entries()[i]);
    for (const std::string& end : answers::consul_parents("node", apex_, space_.datacenter))
      answers::add_node_records(service, end, answers::whole_seconds(space_.ttl), out_.shared);
    out_.own = without_repeats(out_.own);  // instances may share an address, and so a target
    return std::move(out_);
  }

 private:
  void add(const std::string& owner, std::uint16_t type, std::string_view rdata) {
    if (owner.size() <= answers::kMaxName) out_.own.add(owner, type, block_.ttl, rdata);
  }

  void at_name(const std::string& name) {
    if (block_.has(ServiceBlock::kAlias)) {
      const auto* target = block_.at<std::uint8_t>(block_.cname);
      return add(name, wire::type::cname, octets(target, answers::wire_size(target)));
    }
    if (block_.has(ServiceBlock::kPublishCname)) {
      const Entry& first = *block_.entries();
      if (block_.listed == 0 || !first.has(Entry::kHost)) return;
      const auto* host = block_.text_of(first).host;
      return add(name, wire::type::cname, octets(host, answers::wire_size(host)));
    }
    for (unsigned i = 0; i < block_.tier_size; ++i) {
      const Entry& e = block_.entries()[block_.tier_begin + i];
      if (e.has(Entry::kAnswerV4)) add(name, wire::type::a, octets(e.v4, 4));
      if (e.has(Entry::kAnswerV6)) add(name, wire::type::aaaa, octets(block_.v6_of(e), 16));
    }
    for (unsigned i = 0; i < block_.listed; ++i) {
      const Entry& e = block_.entries()[i];
      if (e.has(Entry::kTcp | Entry::kUdp) && e.has(Entry::kHost | Entry::kV4 | Entry::kV6))
        add(name, wire::type::srv, be16(e.priority) + be16(e.effective_weight()) + be16(e.port) + target(e));
    }
    each_text(block_.meta != 0 ? block_.at<std::uint8_t>(block_.meta) : nullptr,
              [&](std::string_view rdata) { add(name, wire::type::txt, rdata); });
  }

  [[nodiscard]] std::string label_of(const Entry& e) const {
    if (e.has(Entry::kV4)) return answers::address_label(v4_of(e));
    return answers::address_label(v6_of(e));
  }
  [[nodiscard]] static registry::Ipv4 v4_of(const Entry& e) {
    registry::Ipv4 out;
    std::copy_n(e.v4, 4, out.octets.begin());
    return out;
  }
  [[nodiscard]] registry::Ipv6 v6_of(const Entry& e) const {
    registry::Ipv6 out;
    std::copy_n(block_.v6_of(e), 16, out.octets.begin());
    return out;
  }
  [[nodiscard]] std::string target(const Entry& e) const {
    if (!e.has(Entry::kHost)) return label_of(e) + targets_;
    const auto* host = block_.text_of(e).host;
    return std::string(octets(host, answers::wire_size(host)));
  }

  // The names of its addresses, whatever its health.
  void address(const Entry& e) {
    if (block_.has(ServiceBlock::kAlias) || e.has(Entry::kHost)) return;
    const auto ttl = answers::whole_seconds(space_.min_ttl);
    for (const std::string& end : answers::consul_parents("addr", apex_, space_.datacenter)) {
      if (e.has(Entry::kV4))
        out_.shared.insert({answers::address_label(v4_of(e)) + end, wire::type::a, std::string(octets(e.v4, 4)), ttl});
      if (e.has(Entry::kV6))
        out_.shared.insert(
            {answers::address_label(v6_of(e)) + end, wire::type::aaaa, std::string(octets(block_.v6_of(e), 16)), ttl});
    }
  }

  const ServiceBlock& block_;
  const registry::NamespaceDef& space_;
  std::string_view apex_;
  std::string targets_;
  ConsulRecords out_;
};

}  // namespace

ConsulRecords consul_records(const ServiceBlock& block, const registry::Service& service,
                             const registry::NamespaceDef& space, std::string_view apex) {
  return ConsulView(block, space, apex).take(service);
}

}  // namespace dnsd::transfer
