// Consul's and Kubernetes' layouts. What each name answers is in tests/cases/15_layouts.toml; here is what comes of
// changes, and what is large.
#include <gmock/gmock.h>

#include "dnsd/serve/test_world.h"

namespace dnsd::serve {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::uint16_t kA = wire::type::a, kSrv = wire::type::srv;

registry::NamespaceDef space_of(std::string_view apex, registry::Layout layout) {
  registry::NamespaceDef def;
  def.name = name(apex);
  def.layout = layout;
  return def;
}

class RespondLayout : public testing::Test {
 protected:
  void put_space(registry::NamespaceDef def) { world.effect(registry::PutNamespaceEffect{std::move(def)}); }
  std::string rcode(std::string_view qname) { return world.ask(qname, kA).rcode; }
  static registry::InstanceDef on_node(const Given& given, std::string_view node) {
    auto def = instance(given);
    def.node = node;
    return def;
  }
  World world;
};

TEST_F(RespondLayout, AChangeOfTheLayoutMovesEveryName) {
  put_space(space_of("consul", registry::Layout::native));
  world.start();
  world.put("web.consul", {.id = "i1", .v4 = "10.0.0.1", .port = 80});
  EXPECT_EQ(rcode("web.consul"), "NOERROR");
  EXPECT_EQ(rcode("web.service.consul"), "NXDOMAIN");
  auto def = space_of("consul", registry::Layout::consul);
  put_space(def);
  EXPECT_EQ(rcode("web.consul"), "NXDOMAIN");
  EXPECT_EQ(rcode("web.service.dc1.consul"), "NOERROR");
  def.datacenter = "dc2";
  put_space(def);
  EXPECT_EQ(rcode("web.service.dc1.consul"), "NXDOMAIN");
  EXPECT_THAT(data(world.ask("web.service.consul", kSrv).answer, "SRV"),
              ElementsAre("1 10 80 0a000001.addr.dc2.consul."));
}

TEST_F(RespondLayout, TheTtlOfATargetIsWhatADrainCountsOn) {
  auto def = space_of("consul", registry::Layout::consul);
  def.min_ttl = Millis(3000);
  put_space(def);
  world.start();
  EXPECT_EQ(world.ask("0a000001.addr.consul", kA).answer.at(0).ttl, 3U);
  def.min_ttl = Millis(2000);
  put_space(def);
  EXPECT_EQ(world.ask("0a000001.addr.consul", kA).answer.at(0).ttl, 2U);
}

TEST_F(RespondLayout, AnAnswerToAnyFormCountsForTheDrain) {
  put_space(space_of("consul", registry::Layout::consul));
  world.start();
  world.put("web.consul", {.id = "i1", .v4 = "10.0.0.1", .port = 80});
  EXPECT_FALSE(world.publisher.last_answered("web.consul"));
  (void)world.ask("_web._tcp.service.dc1.dc.consul", kSrv);
  EXPECT_TRUE(world.publisher.last_answered("web.consul"));
}

TEST_F(RespondLayout, ANodeIsThereWhileAnythingRunsOnIt) {
  auto def = space_of("corp", registry::Layout::native);
  def.consul_aliases = {name("consul")};
  put_space(def);
  world.start();
  world.put("a.corp", on_node({.id = "i", .v4 = "10.0.0.1"}, "n1"));
  world.put("b.corp", on_node({.id = "i", .v4 = "10.0.0.1"}, "N1"));
  world.put("b.corp", on_node({.id = "j", .v4 = "10.0.0.2"}, "n1"));
  world.put("b.corp", on_node({.id = "k", .v4 = "10.0.0.3"}, "my_node"));
  EXPECT_THAT(data(world.ask("n1.node.consul", kA).answer, "A"), ElementsAre("10.0.0.1", "10.0.0.2"));
  world.remove("b.corp", "j");
  world.remove("a.corp", "i");
  EXPECT_THAT(data(world.ask("n1.node.dc1.consul", kA).answer, "A"), ElementsAre("10.0.0.1"));
  world.remove("b.corp", "i");
  EXPECT_EQ(rcode("n1.node.consul"), "NXDOMAIN");
  EXPECT_EQ(rcode("my_node.node.consul"), "NXDOMAIN") << "no name to ask for";
  EXPECT_EQ(rcode("n1.node.corp"), "NXDOMAIN");
}

TEST_F(RespondLayout, ManyInstancesOnFewAddressesGiveEachAddressOnce) {
  put_space(space_of("consul", registry::Layout::consul));
  world.start();
  for (int i = 0; i < 900; ++i) {
    world.put("web.consul", {.id = "i" + std::to_string(i), .v4 = "10.0.0." + std::to_string(i % 3), .port = 1 + i});
  }
  const auto m = world.ask("web.service.consul", kSrv, {.tcp = true});
  EXPECT_FALSE(m.tc);
  EXPECT_THAT(m.answer, SizeIs(900));
  EXPECT_THAT(data(m.additional, "A"), ElementsAre("10.0.0.0", "10.0.0.1", "10.0.0.2"));
}

TEST_F(RespondLayout, AZoneThatStandsWhereTheLayoutHasItsNamesWins) {
  world.publisher.set_static_zones({}, {zone_of("service.consul", kApexRecords + "web A 192.0.2.80\n")});
  put_space(space_of("consul", registry::Layout::consul));
  world.start();
  world.put("web.consul", {.id = "i1", .v4 = "10.0.0.1"});
  EXPECT_THAT(data(world.ask("web.service.consul", kA).answer, "A"), ElementsAre("192.0.2.80"));
  EXPECT_THAT(data(world.ask("web.service.dc1.consul", kA).answer, "A"), ElementsAre("10.0.0.1"));
  EXPECT_EQ(rcode("_web._tcp.service.consul"), "NXDOMAIN");
}

TEST_F(RespondLayout, ServicesWithTheNamesOfTheLayoutAreServices) {
  put_space(space_of("consul", registry::Layout::consul));
  world.start();
  for (const auto* service : {"service", "node", "addr", "dc", "dc1"}) {
    world.put(std::string(service) + ".consul", on_node({.id = "i", .v4 = "10.0.0.7", .port = 1}, service));
    const std::string qname = std::string(service) + ".service.consul";
    EXPECT_THAT(data(world.ask(qname, kA).answer, "A"), ElementsAre("10.0.0.7")) << qname;
    EXPECT_EQ(rcode("_" + std::string(service) + "._tcp.service.dc1.consul"), "NOERROR");
    EXPECT_EQ(rcode("_a._tcp." + std::string(service) + ".node.consul"), "NXDOMAIN");
    EXPECT_EQ(rcode("0a000001." + std::string(service) + ".node.consul"), "NXDOMAIN");
  }
}

TEST_F(RespondLayout, NamespacesOfAClusterComeAndGoInsideIt) {
  put_space(space_of("cluster.local", registry::Layout::kubernetes));
  world.start();
  EXPECT_EQ(rcode("svc.cluster.local"), "NOERROR");
  const auto before = world.ask("web.prod.svc.cluster.local", kA);
  EXPECT_EQ(before.rcode, "NXDOMAIN");
  EXPECT_EQ(before.authority.at(0).name, "cluster.local.");
  EXPECT_EQ(before.authority.at(0).ttl, 1U);
  put_space(space_of("prod.svc.cluster.local", registry::Layout::native));
  world.put("web.prod.svc.cluster.local", {.id = "i1", .v4 = "10.0.0.1"});
  EXPECT_THAT(data(world.ask("web.prod.svc.cluster.local", kA).answer, "A"), ElementsAre("10.0.0.1"));
  EXPECT_EQ(world.ask("nope.prod.svc.cluster.local", kA).authority.at(0).name, "prod.svc.cluster.local.");
  world.effect(registry::DeleteServiceEffect{"web.prod.svc.cluster.local"});
  world.effect(registry::DeleteNamespaceEffect{"prod.svc.cluster.local"});
  EXPECT_EQ(world.ask("web.prod.svc.cluster.local", kA).authority.at(0).name, "cluster.local.");
  EXPECT_EQ(rcode("svc.cluster.local"), "NOERROR");
}

}  // namespace
}  // namespace dnsd::serve
