// Any octets as a query, over a small fixed registry: the reply keeps to the client's size, echoes id and question,
// and ldns can read it.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>

#include "dnsd/answers/presentation.h"
#include "dnsd/answers/publisher.h"
#include "dnsd/serve/responder.h"
#include "dnsd/wire/query.h"
#include "registry/registry.h"

namespace {

using namespace dnsd;

registry::InstanceDef instance(const std::string& id, int n) {
  registry::InstanceDef def;
  def.id = def.label = id;
  def.addresses.v4 = registry::Ipv4{{10, 0, 0, static_cast<std::uint8_t>(n)}};
  if (n % 2 == 0) def.addresses.v6 = registry::parse_ipv6("2001:db8::1");
  def.port = 80;
  def.ports["http"] = {8080, {true, true}, {}};
  def.tags = {"v1"};
  def.node = "n1";
  def.meta["key"] = std::string(static_cast<std::size_t>(n) * 10, 'v');
  return def;
}

registry::Record facts() {
  registry::Record record{1, {}, {}};
  registry::NamespaceDef corp;
  corp.name = *registry::DomainName::parse("corp");
  corp.aliases = {*registry::DomainName::parse("alt.example")};
  corp.consul_aliases = {*registry::DomainName::parse("consul")};
  record.effects.emplace_back(registry::PutNamespaceEffect{corp});
  registry::ServicePolicy policy;
  policy.max_answers = 0;
  for (const char* name : {"web.corp", "empty.corp"}) {
    record.effects.emplace_back(registry::PutServiceEffect{*registry::DomainName::parse(name), policy, true, 0});
  }
  policy.alias = "web.corp";
  record.effects.emplace_back(registry::PutServiceEffect{*registry::DomainName::parse("a.corp"), policy, true, 0});
  for (int i = 1; i <= 40; ++i) {
    record.effects.emplace_back(registry::PutInstanceEffect{"web.corp", instance("i" + std::to_string(i), i), 0});
  }
  return record;
}

struct World {
  World() : publisher(options(), reclaimer), responder(publisher.table(), {}) {
    const registry::Now now{registry::Mono(std::chrono::hours(1)), {}};
    publisher.set_static_zones(
        {*answers::parse_zone_text("mail A 192.0.2.1\nwww CNAME mail\n@ MX 1 mail\nl CNAME l2\nl2 CNAME l\n",
                                   "fuzz.zone", {.apex = "corp", .namespace_file = true})},
        {});
    auto record = facts();
    record.revision = registry.reserve_revision();
    (void)registry.apply(record, now);
    publisher.publish_all(registry, now);
  }
  static answers::PublisherOptions options() {
    answers::PublisherOptions out;
    out.listen_addresses = {"127.0.0.1"};
    out.reverse = {{*registry::parse_prefix("10.0.0.0/8")}};
    return out;
  }
  registry::Registry registry;
  answers::Reclaimer reclaimer;
  answers::Publisher publisher;
  serve::Responder responder;
};

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static World& world = *new World;
  static std::array<std::uint8_t, 65'535> buffer;
  const std::span packet(bytes, size);
  for (const auto transport : {serve::Transport::udp, serve::Transport::tcp}) {
    const serve::Request request{packet, {{127, 0, 0, 1}, false, 53}, transport};
    serve::Reply reply{buffer, 0};
    world.responder.respond({&request, 1}, {&reply, 1}, {36'000, 1});
    wire::Query query;
    const auto parsed = wire::parse(packet, query);
    require((reply.size == 0) == (parsed == wire::Parsed::drop));
    if (reply.size == 0) continue;
    const std::size_t udp = query.edns ? std::min<std::size_t>(query.udp_size, 1232) : 512;
    require(reply.size <= (transport == serve::Transport::udp ? udp : buffer.size()));
    require(buffer[0] == bytes[0] && buffer[1] == bytes[1] && (buffer[2] & 0x80) != 0);
    require(query.question_size == 0 ||
            std::equal(query.question, query.question + query.question_size, buffer.data() + 12));
    require(answers::show(std::span(buffer).first(reply.size)).has_value());
  }
  return 0;
}
