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

wire::Message request(std::uint16_t type) {
  wire::Message message;
  message.id = 7;
  message.questions.push_back({wire_of("corp"), type, wire::klass::in});
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

Received receive(Outgoing outgoing, std::shared_ptr<const ZoneCopy> have) {
  Received out;
  Assembler assembler(wire_of("corp"), std::move(have));
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
  std::shared_ptr<const Content> content() { return catalog.find(wire_of("corp")); }
  ZoneCopy axfr() {
    auto got = receive(Outgoing::whole(request(wire::type::axfr), *content(), 0), nullptr);
    EXPECT_EQ(got.result, Assembler::Result::changed);
    return std::move(got.zone);
  }
  Received ixfr(const ZoneCopy& have) {
    return receive(Outgoing::changes(request(wire::type::ixfr), *content(), have.serial(), 100),
                   std::make_shared<const ZoneCopy>(have));
  }
  static bool holds(const ZoneCopy& zone, std::string_view owner, std::uint16_t type) {
    for (const auto& r : zone.as_zone(wire_of("corp")).records) {
      if (wire::fold(r.owner) == wire_of(owner) && r.type == type) return true;
    }
    return false;
  }

  Settings settings;
  int moved = 0;
  Catalog catalog;
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

TEST_F(CatalogTest, ASecondaryThatFollowsHoldsWhatAxfrSaysAtEverySerial) {
  std::mt19937 random(4);
  const auto below = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
  ZoneCopy secondary = axfr();
  unsigned incremental = 0;
  for (int step = 0; step < 400; ++step) {
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
        if (below(3) == 0) def.meta["m"] = std::to_string(below(3));
        if (below(4) == 0) def.host = "h" + std::to_string(below(2)) + ".example.net", def.addresses = {};
        (void)put_instance(service, std::move(def));
      }
    }
    publish();
    if (below(3) == 0) continue;  // a secondary may skip serials
    Received got = ixfr(secondary);
    if (got.result == Assembler::Result::changed) secondary = std::move(got.zone);
    incremental += got.whole ? 0 : 1;
    ASSERT_EQ(lines(secondary.as_zone(wire_of("corp"))), lines(axfr().as_zone(wire_of("corp")))) << "step " << step;
    ASSERT_EQ(secondary.serial(), registry.find_namespace("corp")->serial);
  }
  EXPECT_GT(incremental, 100U);
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
