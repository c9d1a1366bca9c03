// For tests: a registry, its publisher and a responder in one process, on a clock of the test's own. Replies are
// decoded by ldns (answers/presentation.h), so that our own reader never judges our own writer.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "dnsd/answers/presentation.h"
#include "dnsd/answers/publisher.h"
#include "dnsd/answers/ticks.h"
#include "dnsd/serve/responder.h"
#include "dnsd/wire/writer.h"
#include "registry/registry.h"

namespace dnsd::serve::test {

using answers::ShownMessage;
using registry::Millis;

inline registry::DomainName name(std::string_view text) { return registry::DomainName::parse(text).value(); }

// {.id = "i1", .v4 = "10.0.0.1", .port = 80}
struct Given {
  std::string id;
  std::string v4 = {};
  std::string v6 = {};
  int port = 0;
  int priority = 1;
  int weight = 10;
  std::string host = {};
  registry::Meta meta = {};
  registry::Protocols protocols = {};
};

inline registry::InstanceDef instance(const Given& given) {
  registry::InstanceDef def;
  def.id = def.label = given.id;
  if (!given.v4.empty()) def.addresses.v4 = registry::parse_ipv4(given.v4);
  if (!given.v6.empty()) def.addresses.v6 = registry::parse_ipv6(given.v6);
  if (given.port != 0) def.port = static_cast<std::uint16_t>(given.port);
  def.priority = static_cast<std::uint16_t>(given.priority);
  def.weight = static_cast<std::uint16_t>(given.weight);
  def.host = given.host;
  def.meta = given.meta;
  def.protocols = given.protocols;
  return def;
}

struct Ask {
  bool edns = false;
  std::uint16_t size = 1232;
  bool tcp = false;
  bool rd = false;
  std::uint16_t klass = wire::klass::in;
  std::string options = {};  // of OPT, wire form
  bool dnssec_ok = false;
  std::uint8_t version = 0;
  Client client = {{127, 0, 0, 1}, false, 4000};
  bool overloaded = false;
};

inline std::vector<std::uint8_t> query(std::string_view qname, std::uint16_t type, const Ask& ask = {}) {
  std::vector<std::uint8_t> out(12);
  wire::put16(out.data(), 0x1234);
  out[2] = ask.rd ? 1 : 0;
  out[5] = 1;
  out[11] = ask.edns ? 1 : 0;
  const std::string wire_name = answers::name_to_wire(qname).value();
  out.insert(out.end(), wire_name.begin(), wire_name.end());
  const auto put = [&](std::uint16_t v) {
    out.push_back(static_cast<std::uint8_t>(v >> 8)), out.push_back(static_cast<std::uint8_t>(v));
  };
  put(type), put(ask.klass);
  if (!ask.edns) return out;
  out.push_back(0);
  put(wire::type::opt), put(ask.size), put(ask.version), put(ask.dnssec_ok ? 0x8000 : 0);
  put(static_cast<std::uint16_t>(ask.options.size()));
  out.insert(out.end(), ask.options.begin(), ask.options.end());
  return out;
}

// A zone file's text as the publisher takes it.
inline answers::StaticZone zone_of(std::string_view apex, std::string_view text, bool of_namespace = false) {
  auto parsed = answers::parse_zone_text(
      text, "test.zone", {.apex = std::string(apex), .namespace_file = of_namespace, .default_ttl = 300});
  EXPECT_TRUE(parsed.has_value()) << (parsed ? "" : parsed.error().front());
  return parsed ? *parsed : answers::StaticZone{};
}

class World {
 public:
  explicit World(answers::PublisherOptions options = {.listen_addresses = {"127.0.0.1", "::1"}, .reverse = {}},
                 ResponderOptions responder = {})
      : publisher(std::move(options), reclaimer), responder_(publisher.table(), responder) {}

  // -- facts; each is published at once ---------------------------------------------------------------------------
  void effect(registry::Effect effect) {
    registry::Record record{registry.reserve_revision(), now.wall, {}};
    record.effects.push_back(std::move(effect));
    published(registry.apply(record, now));
  }
  void published(const registry::ChangeSet& changes) {
    if (started_) publisher.publish(registry, changes, now);
  }
  void start() {
    publisher.publish_all(registry, now);
    started_ = true;
  }
  void add_namespace(std::string_view apex, std::vector<std::string> aliases = {}) {
    registry::NamespaceDef def;
    def.name = name(apex);
    for (const auto& alias : aliases) def.aliases.push_back(name(alias));
    effect(registry::PutNamespaceEffect{def});
  }
  void service(std::string_view fqdn, registry::ServicePolicy policy = {}) {
    effect(registry::PutServiceEffect{name(fqdn), std::move(policy), true, 0});
  }
  void put(std::string_view fqdn, registry::InstanceDef def) {
    const std::string key = registry::fold(fqdn);
    if (registry.find_service(key) == nullptr) effect(registry::PutServiceEffect{name(fqdn), {}, false, 0});
    effect(registry::PutInstanceEffect{key, std::move(def), 0});
  }
  void put(std::string_view fqdn, const Given& given) { put(fqdn, instance(given)); }
  void remove(std::string_view service, std::string_view id) {
    effect(registry::DeleteInstanceEffect{std::string(service), std::string(id)});
  }
  void probe(std::string_view service, std::string_view id, registry::Verdict verdict, int times = 1) {
    for (int i = 0; i < times; ++i) {
      published(registry.observe_probe(service, id, "tcp", {verdict, registry::Fault::none, "", {}}, now));
    }
  }
  void pass(Millis time) {
    now.mono += time;
    now.wall += time;
  }

  // -- questions --------------------------------------------------------------------------------------------------
  std::vector<std::uint8_t> raw(std::span<const std::uint8_t> packet, const Ask& ask = {}) {
    std::vector<std::uint8_t> buffer(65'535);
    const Request request{packet, ask.client, ask.tcp ? Transport::tcp : Transport::udp, false, ask.overloaded};
    Reply reply{buffer, 0};
    const auto second = std::chrono::floor<std::chrono::seconds>(now.wall.time_since_epoch()).count();
    responder_.respond({&request, 1}, {&reply, 1}, {answers::to_ticks(now.mono), static_cast<std::uint64_t>(second)});
    buffer.resize(reply.size);
    handed_over = reply.hand_over;
    return buffer;
  }
  ShownMessage ask(std::string_view qname, std::uint16_t type, const Ask& how = {}) {
    last = raw(query(qname, type, how), how);
    auto shown = answers::show(last);
    if (!shown) {
      ADD_FAILURE() << qname << ": " << shown.error();
      return {};
    }
    return *shown;
  }
  Responder& responder() { return responder_; }

  registry::Now now{registry::Mono(std::chrono::hours(1)), registry::Wall(std::chrono::hours(500'000))};
  registry::Registry registry;
  answers::Reclaimer reclaimer;
  answers::Publisher publisher;
  std::vector<std::uint8_t> last;  // the last reply's octets
  Handover handed_over = Handover::none;

 private:
  Responder responder_;
  bool started_ = false;
};

inline const std::string kApexRecords = "@ 3600 SOA ns1 host 1 3600 600 86400 120\n@ NS ns1\nns1 A 192.0.2.1\n";

// "owner type data" of each.
inline std::vector<std::string> lines(const std::vector<answers::ShownRecord>& records) {
  std::vector<std::string> out;
  for (const auto& r : records) out.push_back(r.name + " " + r.type + " " + r.data);
  return out;
}

inline std::vector<std::string> data(const std::vector<answers::ShownRecord>& records, std::string_view type) {
  std::vector<std::string> out;
  for (const auto& r : records) {
    if (r.type == type) out.push_back(r.data);
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace dnsd::serve::test
