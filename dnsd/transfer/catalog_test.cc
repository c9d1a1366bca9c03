// The primary's side against a model of a secondary: whatever happens in the registry, one that follows by IXFR holds
// what AXFR says, at every serial. (BIND, NSD and Knot say the same in tests/transfer.)
#include "dnsd/transfer/catalog.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <set>

#include "dnsd/answers/wire_name.h"
#include "dnsd/transfer/incoming_zone.h"
#include "dnsd/transfer/outgoing.h"
#include "dnsd/transfer/test_names.h"
#include "registry/registry_fixture.h"

namespace dnsd::transfer {
namespace {

using registry::name;

wire::Message request(std::uint16_t type, std::string_view apex = "corp") {
  wire::Message message;
  message.id = 7;
  message.questions.push_back({wire_of(apex), type, wire::klass::in});
  return message;
}

std::multiset<std::string> lines(const answers::StaticZone& zone) {
  std::multiset<std::string> out;
  for (const auto& r : zone.records)
    out.insert(wire::fold(r.owner) + '/' + std::to_string(r.type) + '/' + std::to_string(r.ttl) + '/' + r.rdata);
  return out;
}

struct Received {
  Assembler::Result result = Assembler::Result::more;
  ZoneCopy zone;
  std::size_t messages = 0, octets = 0;
  bool whole = true;
};

Received receive(Outgoing outgoing, std::shared_ptr<const ZoneCopy> have, std::string_view apex = "corp") {
  Received out;
  Assembler assembler(wire_of(apex), std::move(have));
  out.whole = std::string_view(outgoing.form()) == "AXFR";
  while (const auto octets = outgoing.next()) {
    ++out.messages;
    out.octets += octets->size();
    EXPECT_LE(octets->size(), 65'535U);
    const auto message = wire::read_message(*octets);
    if (!message) {
      ADD_FAILURE() << "a message that cannot be read";
      break;
    }
    const auto fed = assembler.feed(*message);
    if (!fed) {
      ADD_FAILURE() << fed.error();
      break;
    }
    out.result = *fed;
  }
  out.zone = assembler.take();
  return out;
}

class CatalogTest : public registry::Fixture {
 protected:
  CatalogTest() : catalog(registry, {"192.0.2.53"}, [this](const std::string&) { ++moved; }) {
    settings.zones[wire_of("corp")].allow_transfer.emplace_back();
    catalog.configure(settings, {{}, {}, {}}, now);
  }
  void publish() { catalog.publish(changes, now); }
  std::shared_ptr<const Content> content() { return catalog.find(wire_of(apex)); }
  ZoneCopy axfr() {
    auto got = receive(Outgoing::whole(request(wire::type::axfr, apex), *content(), 0), nullptr, apex);
    EXPECT_EQ(got.result, Assembler::Result::changed);
    return std::move(got.zone);
  }
  Received ixfr(const ZoneCopy& have) {
    return receive(Outgoing::changes(request(wire::type::ixfr, apex), *content(), have.serial(), 100),
                   std::make_shared<const ZoneCopy>(have), apex);
  }
  // Another zone of the namespace: the same services in Consul's layout.
  void follow_consul() {
    registry::NamespaceDef def = registry.find_namespace("corp")->def;
    def.consul_aliases = {name("consul")};
    ASSERT_TRUE(put(registry::PutNamespace{def}));
    apex = "consul";
    settings.zones[wire_of(apex)].allow_transfer.emplace_back();
    catalog.configure(settings, {{}, {}, {}}, now);
  }
  void change_at_random(std::mt19937& random);
  void expect_to_follow();
  static bool holds(const ZoneCopy& zone, std::string_view owner, std::uint16_t type) {
    for (const auto& r : zone.as_zone({}).records) {
      if (wire::fold(r.owner) == wire_of(owner) && r.type == type) return true;
    }
    return false;
  }

  Settings settings;
  int moved = 0;
  Catalog catalog;
  std::string apex = "corp";
};

TEST_F(CatalogTest, AnEmptyNamespaceIsItsSoaAndNameServers) {
  const auto zone = axfr().as_zone(wire_of("corp"));
  EXPECT_EQ(zone.records.size(), 3U) << "SOA, NS, the address of ns.corp";
  EXPECT_EQ(zone.serial, registry.find_namespace("corp")->serial);
}

TEST_F(CatalogTest, TheSerialOfAnIxfrIsTheNextOneAndOnlyWhatChangedTravels) {
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(put_instance("web.corp", instance("i" + std::to_string(i), "10.0.0." + std::to_string(i + 1))));
    publish();
  }
  const ZoneCopy before = axfr();
  const int told = moved;
  ASSERT_TRUE(put_instance("web.corp", instance("new", "10.0.1.1")));
  publish();
  EXPECT_EQ(moved, told + 1);
  const Received got = ixfr(before);
  EXPECT_FALSE(got.whole);
  EXPECT_LT(got.octets, 700U);
  EXPECT_EQ(lines(got.zone.as_zone(wire_of("corp"))), lines(axfr().as_zone(wire_of("corp"))));
  EXPECT_EQ(ixfr(got.zone).result, Assembler::Result::same) << "the SOA alone for who is up to date";
}

TEST_F(CatalogTest, WhoIsTooFarBehindGetsTheWholeZone) {
  ASSERT_TRUE(put_instance("web.corp", instance("a")));
  publish();
  const ZoneCopy old = axfr();
  for (std::size_t i = 0; i <= Content::kMaxSteps; ++i) {
    ASSERT_TRUE(put_instance("web.corp", instance("a", i % 2 == 0 ? "10.0.0.2" : "10.0.0.1")));
    publish();
  }
  EXPECT_TRUE(ixfr(old).whole);
  EXPECT_EQ(lines(ixfr(old).zone.as_zone(wire_of("corp"))), lines(axfr().as_zone(wire_of("corp"))));
}

void CatalogTest::change_at_random(std::mt19937& random) {
  const auto below = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
  const std::string service = std::string(1, static_cast<char>('a' + below(4))) + ".corp";
  const std::string id = "i" + std::to_string(below(6));
  switch (below(6)) {
    case 0:
      (void)put(registry::DeleteInstance{name(service), id});
      break;
    case 1:
      (void)put(registry::DeleteService{name(service), true});
      break;
    case 2: {
      registry::ServicePolicy policy;
      policy.ttl = std::chrono::seconds(1 + below(3));
      if (below(2) != 0) policy.meta["k"] = std::to_string(below(3));
      (void)put_service(service, policy);
      break;
    }
    case 3:
      (void)put(registry::DrainInstance{name(service), id});
      break;
    default: {
      auto def = instance(id, "10.0.0." + std::to_string(below(9)));
      def.priority = static_cast<std::uint16_t>(1 + below(2));
      def.ports["Metrics"] = {static_cast<std::uint16_t>(1 + below(3)), {}, {}};
      if (below(2) == 0) def.port = static_cast<std::uint16_t>(80 + below(2));
      if (below(2) == 0) def.node = "n" + std::to_string(below(3));
      if (below(3) == 0) def.meta["m"] = std::to_string(below(3));
      if (below(4) == 0) def.host = "h" + std::to_string(below(2)) + ".example.net", def.addresses = {};
      (void)put_instance(service, std::move(def));
    }
  }
}

void CatalogTest::expect_to_follow() {
  std::mt19937 random(4);
  ZoneCopy secondary = axfr();
  unsigned incremental = 0;
  for (int step = 0; step < 400; ++step) {
    change_at_random(random);
    publish();
    if (random() % 3 == 0) continue;  // a secondary may skip serials
    Received got = ixfr(secondary);
    if (got.result == Assembler::Result::changed) secondary = std::move(got.zone);
    incremental += got.whole ? 0 : 1;
    ASSERT_EQ(lines(secondary.as_zone(wire_of(apex))), lines(axfr().as_zone(wire_of(apex)))) << "step " << step;
    ASSERT_EQ(secondary.serial(), registry.find_namespace("corp")->serial);
    if (step % 50 != 0) continue;
    Catalog afresh(registry, {"192.0.2.53"}, [](const std::string&) {});
    afresh.configure(settings, {{}, {}, {}}, now);
    auto whole =
        receive(Outgoing::whole(request(wire::type::axfr, apex), *afresh.find(wire_of(apex)), 0), nullptr, apex);
    ASSERT_EQ(lines(secondary.as_zone(wire_of(apex))), lines(whole.zone.as_zone(wire_of(apex)))) << "step " << step;
  }
  EXPECT_GT(incremental, 100U);
}

TEST_F(CatalogTest, ASecondaryThatFollowsHoldsWhatAxfrSaysAtEverySerial) { expect_to_follow(); }

TEST_F(CatalogTest, SoDoesOneOfConsulsLayoutWhereServicesShareAddressesAndNodes) {
  follow_consul();
  expect_to_follow();
}

TEST_F(CatalogTest, ConsulsNamesAreTransferredAsTheyAreAnswered) {
  follow_consul();
  auto def = instance("i", "10.0.0.1");
  def.port = 80;
  def.node = "n1";
  ASSERT_TRUE(put_instance("web.corp", def));
  publish();
  ASSERT_TRUE(put_instance("db.corp", def));
  publish();
  const ZoneCopy both = axfr();
  EXPECT_TRUE(holds(both, "web.service.consul", wire::type::srv));
  EXPECT_TRUE(holds(both, "_web._tcp.service.dc1.consul", wire::type::a));
  EXPECT_TRUE(holds(both, "0a000001.addr.dc1.consul", wire::type::a));
  EXPECT_TRUE(holds(both, "n1.node.dc1.dc.consul", wire::type::a));
  EXPECT_FALSE(holds(both, "web.consul", wire::type::a));
  ASSERT_TRUE(put(registry::DeleteInstance{name("web.corp"), "i"}));
  publish();
  EXPECT_TRUE(holds(axfr(), "0a000001.addr.consul", wire::type::a)) << "it is db's, too";
  ASSERT_TRUE(put(registry::DeleteInstance{name("db.corp"), "i"}));
  publish();
  EXPECT_FALSE(holds(axfr(), "0a000001.addr.consul", wire::type::a));
  EXPECT_FALSE(holds(axfr(), "n1.node.consul", wire::type::a));
}

TEST_F(CatalogTest, TheZoneOfKubernetesHasItsVersionAndADelegationForEachNamespace) {
  registry::NamespaceDef def;
  def.name = name("cluster.local");
  def.layout = registry::Layout::kubernetes;
  ASSERT_TRUE(put(registry::PutNamespace{def}));
  publish();
  apex = "cluster.local";
  settings.zones[wire_of(apex)].allow_transfer.emplace_back();
  catalog.configure(settings, {{}, {}, {}}, now);
  EXPECT_TRUE(holds(axfr(), "dns-version.cluster.local", wire::type::txt));
  const ZoneCopy before = axfr();
  ASSERT_TRUE(put_instance("web.prod.svc.cluster.local", instance("i")));
  publish();
  EXPECT_TRUE(holds(ixfr(before).zone, "prod.svc.cluster.local", wire::type::ns));
}

TEST_F(CatalogTest, AWalkStaysAtTheSerialItBeganWith) {
  for (const char* service : {"a.corp", "b.corp", "c.corp"}) {
    ASSERT_TRUE(put_instance(service, instance("i")));
    publish();
  }
  const auto before = lines(axfr().as_zone(wire_of("corp")));
  Outgoing outgoing = Outgoing::whole(request(wire::type::axfr), *content(), 65'535 - 300);  // small messages
  Assembler assembler(wire_of("corp"), nullptr);
  auto result = Assembler::Result::more;
  for (int i = 0; result == Assembler::Result::more; ++i) {
    const auto octets = outgoing.next();
    ASSERT_TRUE(octets);
    result = assembler.feed(*wire::read_message(*octets)).value();
    (void)put(registry::DeleteService{name("c.corp"), true});
    publish();
    (void)put_instance("b.corp", instance("n" + std::to_string(i), "10.1.1.1"));
    publish();
    (void)put_instance("d.corp", instance("i"));
    publish();
  }
  EXPECT_EQ(result, Assembler::Result::changed);
  EXPECT_EQ(lines(assembler.take().as_zone(wire_of("corp"))), before);
}

TEST_F(CatalogTest, WhatIsNotAvailableStandsUnderItsOwnNameAlone) {
  ASSERT_TRUE(put_instance("web.corp", with_checks(instance("i"), {tcp_check()})));
  publish();
  EXPECT_FALSE(holds(axfr(), "web.corp", wire::type::a));
  EXPECT_TRUE(holds(axfr(), "i.web.corp", wire::type::a));
  probe("web.corp", "i", registry::Verdict::ok);
  publish();
  EXPECT_TRUE(holds(axfr(), "web.corp", wire::type::a));
}

TEST_F(CatalogTest, ANamespaceInsideAnotherIsADelegation) {
  registry::NamespaceDef inner;
  inner.name = name("b.corp");
  ASSERT_TRUE(put(registry::PutNamespace{inner}));
  publish();
  ASSERT_TRUE(put_instance("web.corp", instance("i")));
  publish();
  EXPECT_TRUE(holds(axfr(), "b.corp", wire::type::ns));
  EXPECT_TRUE(holds(axfr(), "ns.b.corp", wire::type::a));
}

TEST_F(CatalogTest, AZoneIsSplitIntoMessagesThatAllFit) {
  for (int i = 0; i < 1500; ++i) {
    auto def =
        instance("instance-" + std::to_string(i), "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250));
    def.meta["text"] = std::string(100, 'x');
    ASSERT_TRUE(put_instance("web.corp", std::move(def)));
  }
  catalog.configure(settings, {{}, {}, {}}, now);
  publish();
  const auto got = receive(Outgoing::whole(request(wire::type::axfr), *content(), 0), nullptr);
  EXPECT_EQ(got.result, Assembler::Result::changed);
  EXPECT_GT(got.messages, 3U);
  EXPECT_GT(got.octets / got.messages, 50'000U) << "messages are filled";
}

}  // namespace
}  // namespace dnsd::transfer
