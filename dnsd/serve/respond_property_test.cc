// What must hold for any registry: random ones, walked name by name.
#include <gmock/gmock.h>

#include <random>

#include "dnsd/serve/test_world.h"

namespace dnsd::serve::test {
namespace {

namespace type = wire::type;

class Property : public testing::TestWithParam<unsigned> {
 protected:
  void SetUp() override {
    world.publisher.set_static_zones(
        {*answers::parse_zone_text("deep.er.st A 192.0.2.1\n_x._tcp SRV 0 0 1 st\nst TXT \"s\"\nc CNAME st\n", "t.zone",
                                   {.apex = "corp", .namespace_file = true})},
        {});
    registry::NamespaceDef corp;
    corp.name = name("corp");
    corp.aliases = {name("alt.test")};
    corp.consul_aliases = {name("c.test")};
    world.effect(registry::PutNamespaceEffect{corp});
    world.add_namespace("in.side.corp");
    world.start();
    for (int i = 0; i < 60; ++i) step();
  }
  int pick(int n) { return std::uniform_int_distribution<>(0, n - 1)(random); }
  std::string service_name() {
    return std::string(1, static_cast<char>('a' + pick(6))) + "z" + (pick(4) == 0 ? ".in.side.corp" : ".corp");
  }
  void step() {
    const std::string service = service_name();
    const std::string id = "i" + std::to_string(pick(5));
    if (pick(4) == 0) {
      if (world.registry.find_instance(service, id) != nullptr) world.remove(service, id);
      return;
    }
    Given given{.id = id, .priority = pick(2), .weight = pick(3)};
    if (pick(4) != 0) given.v4 = "10.0.0." + std::to_string(pick(5) + 1);
    if (pick(3) == 0 || given.v4.empty()) given.v6 = "2001:db8::" + std::to_string(pick(5) + 1);
    if (pick(3) != 0) given.port = 80 + pick(3);
    given.protocols.udp = pick(2) == 0;
    if (pick(3) == 0) given.meta = {{"k", "v"}};
    auto def = instance(given);
    if (pick(2) == 0) def.ports["m"] = {9090, {}, {}};
    if (pick(3) == 0) def.ports["s"] = {8443, {}, {"h2"}};
    if (pick(2) == 0) def.tags = {"v" + std::to_string(pick(2)), "no.label"};
    if (pick(3) == 0) def.node = pick(2) == 0 ? "n1" : "n1.rack";
    if (pick(2) == 0) def.zone = "az" + std::to_string(pick(2));
    if (pick(4) == 0) {
      registry::CheckDef check;
      check.name = "tcp";
      def.checks.push_back(check);
    }
    world.put(service, def);
  }
  // Names of every form, existing or not.
  std::vector<std::string> names() {
    std::vector<std::string> out{"corp",   "alt.test",    "in.side.corp", "side.corp", "deep.er.st.corp",
                                 "c.corp", "_x._tcp.corp"};
    for (const char* apex : {".corp", ".in.side.corp", ".alt.test"}) {
      out.push_back("_services._dns-sd._udp" + std::string(apex));
      for (char c = 'a'; c < 'h'; ++c) {
        const std::string label = std::string(1, c) + "z";
        out.push_back(label + apex);
        for (const char* protocol : {"_tcp", "_udp"}) {
          out.push_back("_" + label + "." + protocol + apex);
          out.push_back("i1._" + label + "." + protocol + apex);
          out.push_back(std::string("_m.") + protocol + "." + label + apex);
        }
        for (const char* below :
             {"i0", "i3", "i9", "_status", "_tag", "pin._zone", "x.i0", "v0._tag", "v9._tag", "v1._not",
              "az0.pin._zone", "az9.prefer._zone.v0._tag", "_not.az1.pin._zone", "i0.v0._tag", "v0._tag.v1._tag",
              "_m._tcp.v0._not", "_tcp.az1.prefer._zone", "_m._udp.v0._tag"}) {
          out.push_back(below + ("." + label) + apex);
        }
      }
    }
    for (int i = 1; i < 7; ++i) out.push_back(std::to_string(i) + ".0.0.10.in-addr.arpa");
    add_consul(out);
    return out;
  }
  static void add_consul(std::vector<std::string>& out) {
    for (const char* apex : {".c.test", ".dc1.c.test", ".dc1.dc.c.test", ".dc2.c.test"}) {
      for (const char* kind :
           {"service", "node", "addr", "query", "n1.node", "n1.rack.node", "rack.node", "x.rack.node", "0a000001.addr",
            "0a00000.addr", "20010db8000000000000000000000002.addr", "_v0.service"})
        out.push_back(std::string(kind) + apex);
      for (char c = 'a'; c < 'h'; ++c) {
        const std::string label = std::string(1, c) + "z";
        for (const char* below : {"", "v0.", "v9.", "i1.", "x.v0.", "_status."})
          out.push_back(below + label + ".service" + apex);
        for (const char* tag : {"_tcp", "_udp", "_v0", "_v9", "tcp"})
          out.push_back("_" + label + "." + tag + ".service" + apex);
      }
    }
  }
  std::mt19937 random{GetParam()};
  World world{{.listen_addresses = {"127.0.0.1"}, .reverse = {{*registry::parse_prefix("10.0.0.0/8")}}}};
};

std::string parent(const std::string& qname) {
  const auto dot = qname.find('.');
  return dot == std::string::npos ? "" : qname.substr(dot + 1);
}

// The name that a PTR (alone), SRV (the last word) or HTTPS record (the second) points to.
std::string target_of(const answers::ShownRecord& record) {
  if (record.type != "HTTPS") return record.data.substr(record.data.rfind(' ') + 1);
  const auto begin = record.data.find(' ') + 1;
  return record.data.substr(begin, record.data.find(' ', begin) - begin);
}

// Its TTL by itself is the namespace's min_ttl.
bool is_address_name(const std::string& qname) { return qname.find(".addr.dc1.c.test.") != std::string::npos; }

TEST_P(Property, NoAncestorOfAnExistingNameIsNxdomainAndEveryTypeAgrees) {
  for (const std::string& qname : names()) {
    const auto m = world.ask(qname, type::a);
    for (const auto qtype :
         {type::aaaa, type::srv, type::txt, type::ptr, type::ns, type::soa, type::any, type::https}) {
      EXPECT_EQ(world.ask(qname, qtype).rcode, m.rcode) << qname << " " << qtype;
    }
    if (m.rcode == "NXDOMAIN") {
      for (const char* child : {"x.", "_tcp.", "a.b."}) {
        EXPECT_EQ(world.ask(child + qname, type::a).rcode, "NXDOMAIN") << child << qname;
      }
      continue;
    }
    for (std::string up = parent(qname); !up.empty(); up = parent(up)) {
      EXPECT_NE(world.ask(up, type::a).rcode, "NXDOMAIN") << up << " above " << qname;
    }
  }
}

TEST_P(Property, EveryTargetResolvesAndTheAdditionalSectionAgreesWithIt) {
  for (const std::string& qname : names()) {
    for (const auto qtype : {type::srv, type::ptr, type::https}) {
      const auto m = world.ask(qname, qtype, {.tcp = true});
      for (const auto& r : m.answer) {
        const std::string target = target_of(r);
        EXPECT_EQ(world.ask(target, type::txt).rcode, "NOERROR") << target << " of " << qname;
      }
      for (const auto& glue : m.additional) {
        const auto direct = world.ask(glue.name, *answers::type_from_text(glue.type), {.tcp = true});
        // It may end earlier: with the answer that it came along with.
        EXPECT_TRUE(std::ranges::any_of(direct.answer,
                                        [&](const auto& own) {
                                          return own.name == glue.name && own.type == glue.type &&
                                                 own.data == glue.data &&
                                                 (own.ttl >= glue.ttl || is_address_name(glue.name));
                                        }))
            << glue.name << ' ' << glue.type << " of " << qname;
      }
    }
  }
}

TEST_P(Property, DenialsCarryTheSoaOfTheZoneAndAnAnswerNeverDoes) {
  for (const std::string& qname : names()) {
    for (const auto qtype : {type::a, type::srv, type::txt}) {
      const auto m = world.ask(qname, qtype);
      if (m.rcode == "REFUSED") continue;
      const bool chain_only = !m.answer.empty() && m.answer.back().type == "CNAME";
      EXPECT_EQ(data(m.authority, "SOA").size(), m.answer.empty() || chain_only ? 1U : 0U) << qname << " " << qtype;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Registries, Property, testing::Range(1U, 9U));

}  // namespace
}  // namespace dnsd::serve::test
